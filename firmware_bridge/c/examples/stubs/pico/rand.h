/* See README.md. */
#ifndef PICO_RAND_H
#define PICO_RAND_H

#include <stdint.h>

uint32_t get_rand_32(void);

#endif
