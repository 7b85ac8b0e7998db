/* Declarations of the Pico SDK that the example uses; see README.md. */
#ifndef PICO_STDLIB_H
#define PICO_STDLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned int uint;

uint64_t time_us_64(void);
void sleep_ms(uint32_t ms);
void hard_assert(bool condition);

#endif
