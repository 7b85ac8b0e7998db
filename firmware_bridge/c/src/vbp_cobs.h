/*
 * Consistent Overhead Byte Stuffing (Cheshire & Baker, 1999): any bytes as bytes without a 0x00, which ends a frame.
 *
 * Stuffing is pulled in pieces of any size straight from the body, so that a frame is never copied whole; unstuffing
 * works in place.
 */
#ifndef VBP_COBS_H
#define VBP_COBS_H

#include <stddef.h>
#include <stdint.h>

#define VBP_NOT_STUFFED SIZE_MAX

/* A body on its way to the line. The body must stay as it is until the last byte has been read. All zero: nothing. */
struct vbp_stuffer {
    const uint8_t *next;
    const uint8_t *end;
    uint8_t run;   /* plain bytes that the current code byte still announces */
    uint8_t phase; /* what the next byte will be */
};

void vbp_stuffer_begin(struct vbp_stuffer *stuffer, const uint8_t *body, size_t size);

/* Up to `size` of the next wire bytes, delimiters on both sides included; 0 once the frame is over. */
size_t vbp_stuffer_read(struct vbp_stuffer *stuffer, uint8_t *wire, size_t size);

/* Undoes the stuffing of what lay between two delimiters. Returns the plain size, at most size - 1, or
 * VBP_NOT_STUFFED where the bytes are empty, hold a 0x00 or end before a code byte says so. */
size_t vbp_unstuff(uint8_t *bytes, size_t size);

#endif
