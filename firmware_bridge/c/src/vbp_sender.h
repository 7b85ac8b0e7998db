/*
 * What a device says and when: HELLO first and then every few seconds, STATUS every second, blocks as they come.
 *
 * Never waits and keeps no memory of its own: `vbp_sender_poll` hands the line as much as it takes and returns. Call it
 * from the main loop or from one task; the queues' producers may interrupt it at any point.
 */
#ifndef VBP_SENDER_H
#define VBP_SENDER_H

#include <stdbool.h>

#include "vbp_cobs.h"
#include "vbp_encode.h"
#include "vbp_stream.h"

struct vbp_vitals {
    int16_t temperature_cc;
    uint16_t supply_mv;
    uint8_t reset_cause;
};

/* The hardware, as far as a sender needs it. */
struct vbp_port {
    void *context; /* given back to every callback */
    /* Device time in microseconds, below 2^53; a clock that wraps is extended (vbp_clock.h). */
    uint64_t (*now_us)(void *context);
    /* Takes up to `size` bytes without waiting and returns how many it took; 0 when the line is full. */
    size_t (*write)(void *context, const uint8_t *bytes, size_t size);
    /* Fills in what is known of the device's health; may be NULL. */
    void (*vitals)(void *context, struct vbp_vitals *vitals);
};

struct vbp_sender_config {
    const struct vbp_port *port;
    struct vbp_hello *hello;              /* identity and intervals; n_streams descriptions behind it */
    struct vbp_description *descriptions; /* the same that hello->streams names; measured rates are refined in it */
    struct vbp_stream *streams;           /* in the order of the descriptions */
    uint8_t *control;                     /* VBP_CONTROL_BYTES(n_streams): HELLO, STATUS and LOG are made here */
    size_t control_bytes;
    uint8_t *chunk; /* what the line has not taken yet; 64 bytes suit USB and UART interrupts alike */
    size_t chunk_bytes;
};

#define VBP_CONTROL_BYTES(n_streams) \
    ((n_streams) < 3u ? VBP_LOG_SIZE(VBP_MAX_LOG_BYTES) : VBP_HELLO_SIZE(n_streams))

struct vbp_sender {
    struct vbp_sender_config config;
    struct vbp_stuffer stuffer;
    struct vbp_queue *sending; /* queue whose oldest block is on its way, NULL for other frames */
    const char *log_text;
    uint64_t hello_due_us;
    size_t chunk_at;
    size_t chunk_end;
    uint32_t frames_sent;
    uint8_t log_level;
    uint8_t turn; /* stream that is asked first for the next block */
};

/* Begins a session (hello->header.session) whose queues are empty. False where the config breaks a limit of SPEC.md
 * or a buffer is too small: a mistake in the firmware, to be seen at its first start. */
bool vbp_sender_begin(struct vbp_sender *sender, const struct vbp_sender_config *config);

/* Hands the line what it takes. True while bytes are left that it did not take. */
bool vbp_sender_poll(struct vbp_sender *sender);

/* Says one line of text with the next frames; the text (at most 200 bytes of UTF-8) must stay until it has been sent.
 * False where an earlier one still waits. */
bool vbp_sender_log(struct vbp_sender *sender, uint8_t level, const char *text);

#endif
