/*
 * The limits of every field, once for both directions: a firmware asks before it speaks, a decoder before it believes.
 */
#ifndef VBP_LIMITS_H
#define VBP_LIMITS_H

#include <stdbool.h>

#include "vbp_wire.h"

bool vbp_hello_valid(const struct vbp_hello *hello);
bool vbp_data_valid(const struct vbp_data *data);
bool vbp_status_valid(const struct vbp_status *status);
bool vbp_log_valid(const struct vbp_log *log);

#endif
