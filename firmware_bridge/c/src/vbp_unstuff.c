/* Apart from stuffing, so that a firmware which only sends does not carry it. */
#include "vbp_cobs.h"

#define LONGEST_RUN 254u

size_t vbp_unstuff(uint8_t *bytes, size_t size)
{
    size_t from = 0;
    size_t to = 0;
    while (from < size) {
        const size_t code = bytes[from];
        const size_t next = from + code;
        if (code == 0 || next > size) {
            return VBP_NOT_STUFFED;
        }
        for (from++; from < next; from++) {
            if (bytes[from] == 0) {
                return VBP_NOT_STUFFED;
            }
            bytes[to++] = bytes[from];
        }
        if (code <= LONGEST_RUN && next < size) {
            bytes[to++] = 0;
        }
    }
    return size == 0 ? VBP_NOT_STUFFED : to;
}
