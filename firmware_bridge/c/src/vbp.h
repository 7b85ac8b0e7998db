/* VBP1 for microcontrollers: everything a firmware or a receiver in C needs. See ../README.md. */
#ifndef VBP_H
#define VBP_H

#ifdef __cplusplus
extern "C" {
#endif

#include "vbp_clock.h"
#include "vbp_cobs.h"
#include "vbp_crc.h"
#include "vbp_decode.h"
#include "vbp_encode.h"
#include "vbp_limits.h"
#include "vbp_queue.h"
#include "vbp_sender.h"
#include "vbp_stream.h"
#include "vbp_wire.h"

#ifdef __cplusplus
}
#endif

#endif
