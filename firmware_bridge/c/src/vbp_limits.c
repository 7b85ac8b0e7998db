#include "vbp_limits.h"

static bool time_valid(uint64_t t_us)
{
    return t_us == VBP_NO_TIME || t_us < VBP_MAX_COUNT;
}

/* Bytes of text before the fill, or -1 where the field is not printable ASCII followed by 0 to its end. */
static int text_length(const char *text, int size)
{
    int length = 0;
    while (length < size && text[length] >= 0x20 && text[length] <= 0x7E) {
        length++;
    }
    for (int at = length; at < size; at++) {
        if (text[at] != 0) {
            return -1;
        }
    }
    return length;
}

static bool axes_valid(const struct vbp_description *stream)
{
    uint32_t seen = 0;
    if (stream->n_axes < 1 || text_length(stream->axes, sizeof stream->axes) != stream->n_axes) {
        return false;
    }
    for (size_t i = 0; i < stream->n_axes; i++) {
        const char axis = stream->axes[i];
        if (axis < 'a' || axis > 'z' || (seen & UINT32_C(1) << (axis - 'a')) != 0) {
            return false;
        }
        seen |= UINT32_C(1) << (axis - 'a');
    }
    return true;
}

static bool description_valid(const struct vbp_description *stream)
{
    return axes_valid(stream) && text_length(stream->sensor, sizeof stream->sensor) >= 0
        && stream->stream_id != VBP_DEVICE_STREAM && stream->rate_nominal_mhz != 0;
}

bool vbp_hello_valid(const struct vbp_hello *hello)
{
    if (hello->n_streams < 1 || hello->n_streams > VBP_MAX_STREAMS || hello->max_frame > VBP_MAX_BODY
        || hello->header.flags != 0 || !time_valid(hello->t_us)
        || text_length(hello->firmware, sizeof hello->firmware) < 0
        || text_length(hello->board, sizeof hello->board) < 0) {
        return false;
    }
    for (size_t i = 0; i < hello->n_streams; i++) {
        for (size_t j = 0; j < i; j++) {
            if (hello->streams[i].stream_id == hello->streams[j].stream_id) {
                return false;
            }
        }
        if (!description_valid(&hello->streams[i])) {
            return false;
        }
    }
    return true;
}

bool vbp_data_valid(const struct vbp_data *data)
{
    return data->n_axes >= 1 && data->n_axes <= VBP_MAX_AXES && data->n_samples >= 1
        && (data->header.flags & ~VBP_KNOWN_FLAGS) == 0 && data->sample_index <= VBP_MAX_COUNT - data->n_samples
        && time_valid(data->t_us);
}

bool vbp_status_valid(const struct vbp_status *status)
{
    if (status->header.flags != 0 || status->produced > VBP_MAX_COUNT || status->dropped_fifo > VBP_MAX_COUNT
        || status->dropped_queue > VBP_MAX_COUNT || !time_valid(status->t_us)) {
        return false;
    }
    return status->dropped_fifo + status->dropped_queue + status->queued <= status->produced;
}

bool vbp_log_valid(const struct vbp_log *log)
{
    return log->header.flags == 0 && log->level <= 7 && time_valid(log->t_us);
}
