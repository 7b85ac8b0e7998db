/*
 * A 32-bit microsecond counter (micros(), a timer) that wraps after 71.6 minutes, extended to one that does not.
 *
 * Ask at least every half hour, and from one context only: an interrupt and the main loop each have their own. A time
 * taken a little earlier than the last one is told as such and not as a wrap.
 */
#ifndef VBP_CLOCK_H
#define VBP_CLOCK_H

#include <stdint.h>

struct vbp_clock {
    uint64_t newest_us; /* 0: never asked */
};

static inline uint64_t vbp_clock_extend(struct vbp_clock *clock, uint32_t now_us)
{
    const uint32_t ahead_us = now_us - (uint32_t)clock->newest_us;
    if (clock->newest_us == 0) {
        clock->newest_us = now_us;
    } else if (ahead_us < UINT32_C(1) << 31) {
        clock->newest_us += ahead_us;
    } else {
        return clock->newest_us - (UINT32_C(0) - ahead_us);
    }
    return clock->newest_us;
}

#endif
