/*
 * What VBP1 frames say, as plain values: the structs and limits of ../../SPEC.md, and nothing that acts on them.
 *
 * Field names are those of SPEC.md. Structs are never laid over bytes: encoding and decoding go field by field, so
 * that neither padding nor byte order of a core can leak onto the wire.
 */
#ifndef VBP_WIRE_H
#define VBP_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define VBP_VERSION 0xA1u
#define VBP_MAX_BODY 8192u
#define VBP_MAX_WIRE 8225u /* a stuffed frame, its delimiters not counted */
#define VBP_MAX_AXES 8u
#define VBP_MAX_STREAMS 8u
#define VBP_MAX_LOG_BYTES 200u
#define VBP_MAX_COUNT (UINT64_C(1) << 53) /* counters and microseconds stay below, so that a double holds each */
#define VBP_DEVICE_STREAM 255u            /* stream id of frames that speak for the whole device */
#define VBP_NO_TIME UINT64_MAX
#define VBP_NO_TEMPERATURE INT16_MIN

/* Bytes of a body before its variable part, and of the CRC behind it. */
#define VBP_HEADER_BYTES 8u
#define VBP_DATA_BYTES 32u
#define VBP_HELLO_BYTES 80u
#define VBP_DESCRIPTION_BYTES 48u
#define VBP_STATUS_BYTES 64u
#define VBP_LOG_BYTES 17u
#define VBP_CRC_BYTES 4u

enum vbp_type { VBP_HELLO = 1, VBP_DATA = 2, VBP_STATUS = 3, VBP_LOG = 4 };
#define VBP_INCOMPATIBLE 0x80u /* set in a type that a receiver must not ignore */

/* Two's complement, little-endian; one number takes `format + 1` bytes. */
enum vbp_format { VBP_I16 = 1, VBP_I24 = 2, VBP_I32 = 3 };

enum vbp_flag {
    VBP_FIFO_OVERRUN = 0x01, /* the sensor's own FIFO ran over just before this block */
    VBP_GAP = 0x02,          /* sample_index jumped since this stream's previous block */
    VBP_CLIPPED = 0x04,      /* n_clipped > 0 */
    VBP_HW_TIME = 0x08,      /* t_us was captured by hardware, not by software after the fact */
    VBP_SELF_TEST = 0x10,    /* the sensor shakes itself: not the machine's vibration */
    VBP_BUS_REPAIRED = 0x20  /* a bus error was seen and the samples were read again */
};
#define VBP_KNOWN_FLAGS 0x3Fu

enum vbp_reset_cause {
    VBP_RESET_UNKNOWN = 0,
    VBP_RESET_POWER_ON = 1,
    VBP_RESET_BROWN_OUT = 2,
    VBP_RESET_WATCHDOG = 3,
    VBP_RESET_SOFTWARE = 4,
    VBP_RESET_PIN = 5,
    VBP_RESET_FAULT = 6
};

struct vbp_header {
    uint16_t seq;
    uint16_t session;
    uint8_t stream_id;
    uint8_t flags;
};

/* One stream of a HELLO. Text is printable ASCII, filled up with 0 to the end of its array; it needs no last 0. */
struct vbp_description {
    uint32_t rate_measured_mhz; /* 0: not measured */
    uint32_t rate_nominal_mhz;
    uint32_t scale_nano_g; /* 0: unknown */
    uint32_t full_scale_mg;
    uint32_t bandwidth_hz;
    uint16_t time_error_ppm;
    uint16_t block_samples;
    uint8_t stream_id;
    uint8_t n_axes;
    uint8_t bits;
    uint8_t quantity; /* 1: acceleration */
    char axes[8];
    char sensor[12];
};

struct vbp_hello {
    struct vbp_header header;
    uint8_t uid[16];
    uint64_t t_us;
    char firmware[24];
    char board[16];
    uint16_t max_frame;
    uint16_t hello_ms;
    uint16_t status_ms;
    uint8_t n_streams;
    const struct vbp_description *streams; /* n_streams of them */
};

struct vbp_data {
    struct vbp_header header;
    uint64_t sample_index; /* of the first sample; counts what the sensor produced, dropped samples included */
    uint64_t t_us;         /* device clock at the first sample */
    uint16_t n_samples;
    uint8_t n_axes;
    uint8_t format;
    uint16_t desc_crc;
    uint16_t n_clipped;
};

struct vbp_status {
    struct vbp_header header;
    uint64_t produced;
    uint64_t t_us;
    uint64_t dropped_fifo;
    uint64_t dropped_queue;
    uint32_t queued;
    uint32_t frames_sent;
    uint32_t queue_high_bytes;
    uint32_t bus_errors;
    int16_t temperature_cc; /* hundredths of a degree Celsius */
    uint16_t supply_mv;     /* 0: unknown */
    uint8_t reset_cause;
};

struct vbp_log {
    struct vbp_header header;
    uint64_t t_us;
    uint8_t level; /* as in syslog: 3 error, 4 warning, 6 info, 7 debug */
    uint8_t text_bytes;
    const char *text; /* UTF-8, text_bytes long, no 0 at its end */
};

#endif
