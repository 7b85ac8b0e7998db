/* The columns of vectors.json as make_vectors.py writes them. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>

#include "vbp.h"

struct stuffing_vector {
    const char *name;
    const uint8_t *plain;
    size_t plain_bytes;
    const uint8_t *stuffed;
    size_t stuffed_bytes;
};

struct descriptor_vector {
    struct vbp_description description;
    uint16_t crc;
};

struct valid_vector {
    const char *name;
    uint8_t type;
    bool extended;     /* a later minor version appended something that this library reads past */
    const void *value; /* the struct of `type`, NULL where there is none */
    const uint8_t *body;
    size_t body_bytes;
    const uint8_t *wire; /* with delimiters */
    size_t wire_bytes;
};

struct refused_vector {
    const char *name;
    const char *fault;
    const uint8_t *bytes;
    size_t size;
};

#include "vectors_made.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
