#include "vbp_cobs.h"

#define LONGEST_RUN 254u

/* OVER is 0, so that a stuffer of zeros has nothing to say. */
enum phase { OVER, LEADING, CODE, RUN, FULL_RUN, TRAILING };

void vbp_stuffer_begin(struct vbp_stuffer *stuffer, const uint8_t *body, size_t size)
{
    stuffer->next = body;
    stuffer->end = body + size;
    stuffer->run = 0;
    stuffer->phase = LEADING;
}

static uint8_t run_length(const struct vbp_stuffer *stuffer)
{
    uint8_t run = 0;
    for (const uint8_t *at = stuffer->next; at != stuffer->end && *at != 0 && run < LONGEST_RUN; at++) {
        run++;
    }
    return run;
}

/* A full run stands for no zero, so another code byte follows it even where the body ends there. */
static void end_run(struct vbp_stuffer *stuffer)
{
    if (stuffer->phase == FULL_RUN) {
        stuffer->phase = CODE;
    } else if (stuffer->next == stuffer->end) {
        stuffer->phase = TRAILING;
    } else {
        stuffer->next++;
        stuffer->phase = CODE;
    }
}

static uint8_t next_byte(struct vbp_stuffer *stuffer)
{
    uint8_t byte = 0;
    switch (stuffer->phase) {
    case LEADING:
        stuffer->phase = CODE;
        return 0;
    case TRAILING:
        stuffer->phase = OVER;
        return 0;
    case CODE:
        stuffer->run = run_length(stuffer);
        stuffer->phase = stuffer->run == LONGEST_RUN ? FULL_RUN : RUN;
        byte = (uint8_t)(stuffer->run + 1u);
        break;
    default:
        byte = *stuffer->next++;
        stuffer->run--;
        break;
    }
    if (stuffer->run == 0) {
        end_run(stuffer);
    }
    return byte;
}

size_t vbp_stuffer_read(struct vbp_stuffer *stuffer, uint8_t *wire, size_t size)
{
    size_t written = 0;
    while (written < size && stuffer->phase != OVER) {
        wire[written++] = next_byte(stuffer);
    }
    return written;
}
