/*
 * Bytes to values: whatever breaks a rule of SPEC.md is refused by the kind of its fault, in the order of section 8.
 *
 * Bytes meet their CRC first, then their length, then the limits of each field. No I/O, no memory but the caller's, and
 * never more than one frame in hand. What a HELLO promised (session, desc_crc) is for the caller to hold against later
 * frames.
 */
#ifndef VBP_DECODE_H
#define VBP_DECODE_H

#include "vbp_wire.h"

enum vbp_fault {
    VBP_SOUND = 0,
    VBP_FAULT_TEXT,     /* printable text between frames, such as a boot message */
    VBP_FAULT_OVERSIZE, /* more bytes without a delimiter than the longest frame has, or than the buffer holds */
    VBP_FAULT_COBS,
    VBP_FAULT_SHORT,
    VBP_FAULT_CRC,
    VBP_FAULT_VERSION,
    VBP_FAULT_TYPE,
    VBP_FAULT_LENGTH,
    VBP_FAULT_FIELD
};

/* The fault as people and counters know it: "crc", "cobs" ...; "sound" for none. */
const char *vbp_fault_name(enum vbp_fault fault);

/* One frame; `type` says which member of `as` holds it (none where the type is unknown and may be ignored).
 * Pointers in it lead into the body that was decoded, and into this struct: do not copy it. */
struct vbp_frame {
    uint8_t type;
    struct vbp_header header;
    union {
        struct vbp_hello hello;
        struct vbp_data data;
        struct vbp_status status;
        struct vbp_log log;
    } as;
    const uint8_t *rest; /* payload of DATA and of unknown types; what a later minor version appended to others */
    size_t rest_bytes;
    struct vbp_description streams[VBP_MAX_STREAMS]; /* of a HELLO */
    uint16_t desc_crcs[VBP_MAX_STREAMS];
};

/* One unstuffed body (an MQTT payload). `frame` is complete only where the result is VBP_SOUND; of a refused DATA
 * frame (`type` is VBP_DATA), as.data.n_samples says how many samples are lost with it. */
enum vbp_fault vbp_decode_body(const uint8_t *body, size_t size, struct vbp_frame *frame);

/* A byte stream in pieces of any size. */
struct vbp_decoder {
    uint8_t *buffer;
    size_t capacity; /* VBP_MAX_WIRE takes every frame; fewer bytes refuse the longer ones as oversize */
    size_t held;
    size_t skipped; /* bytes thrown away since the last delimiter */
};

enum vbp_event_kind { VBP_NOTHING = 0, VBP_FRAME, VBP_REFUSED };

struct vbp_event {
    enum vbp_event_kind kind;
    enum vbp_fault fault;
    size_t size; /* wire bytes, delimiters not counted */
    struct vbp_frame frame;
};

void vbp_decoder_init(struct vbp_decoder *decoder, uint8_t *buffer, size_t capacity);

/* Takes bytes up to the first event and returns how many; call again with the others. A frame in `event` stays
 * readable until the next call. */
size_t vbp_decoder_feed(struct vbp_decoder *decoder, const uint8_t *bytes, size_t size, struct vbp_event *event);

#endif
