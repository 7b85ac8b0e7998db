/*
 * A 32-bit microsecond counter (micros(), a timer) that wraps after 71.6 minutes, extended to one that does not.
 *
 * Ask at least once per wrap, and from one context only: an interrupt and the main loop each have their own.
 */
#ifndef VBP_CLOCK_H
#define VBP_CLOCK_H

#include <stdint.h>

struct vbp_clock {
    uint32_t last;
    uint32_t wraps;
};

static inline uint64_t vbp_clock_extend(struct vbp_clock *clock, uint32_t now)
{
    clock->wraps += now < clock->last;
    clock->last = now;
    return (uint64_t)clock->wraps << 32 | now;
}

#endif
