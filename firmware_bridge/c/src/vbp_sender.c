#include "vbp_sender.h"

#include <string.h>

#include "vbp_limits.h"

static uint64_t now_us(const struct vbp_sender *sender)
{
    const struct vbp_port *port = sender->config.port;
    return port->now_us(port->context);
}

static struct vbp_header next_header(const struct vbp_sender *sender, uint8_t stream_id)
{
    const struct vbp_header header = {
        .seq = (uint16_t)sender->frames_sent,
        .session = sender->config.hello->header.session,
        .stream_id = stream_id,
    };
    return header;
}

static void start_frame(struct vbp_sender *sender, const uint8_t *body, size_t size)
{
    vbp_stuffer_begin(&sender->stuffer, body, size);
    sender->frames_sent++;
}

static bool say_hello(struct vbp_sender *sender)
{
    const struct vbp_sender_config *config = &sender->config;
    struct vbp_hello *hello = config->hello;
    hello->header = next_header(sender, VBP_DEVICE_STREAM);
    hello->t_us = now_us(sender);
    for (size_t i = 0; i < hello->n_streams; i++) {
        vbp_stream_refine_rate(&config->streams[i], &config->descriptions[i]);
    }
    sender->hello_due_us = hello->t_us + hello->hello_ms * UINT64_C(1000);
    const size_t size = vbp_encode_hello(hello, config->control, config->control_bytes);
    start_frame(sender, config->control, size);
    return size != 0;
}

/* Tells the accounts as of the last block sent: no sample of those is still queued. */
static void say_status(struct vbp_sender *sender, size_t number)
{
    const struct vbp_sender_config *config = &sender->config;
    struct vbp_stream *stream = &config->streams[number];
    struct vbp_vitals vitals = {.temperature_cc = VBP_NO_TEMPERATURE};
    if (config->port->vitals != NULL) {
        config->port->vitals(config->port->context, &vitals);
    }
    const struct vbp_status status = {
        .header = next_header(sender, config->descriptions[number].stream_id),
        .produced = stream->accounts.produced,
        .t_us = stream->accounts.t_us,
        .dropped_fifo = stream->accounts.dropped_fifo,
        .dropped_queue = stream->accounts.dropped_queue,
        .frames_sent = sender->frames_sent,
        .queue_high_bytes = vbp_queue_high_bytes(stream->queue),
        .bus_errors = VBP_LOAD(&stream->queue->bus_errors),
        .temperature_cc = vitals.temperature_cc,
        .supply_mv = vitals.supply_mv,
        .reset_cause = vitals.reset_cause,
    };
    stream->status_due_us = now_us(sender) + config->hello->status_ms * UINT64_C(1000);
    start_frame(sender, config->control, vbp_encode_status(&status, config->control, config->control_bytes));
}

static void say_log(struct vbp_sender *sender)
{
    const struct vbp_sender_config *config = &sender->config;
    const size_t length = strlen(sender->log_text);
    const struct vbp_log log = {
        .header = next_header(sender, VBP_DEVICE_STREAM),
        .t_us = now_us(sender),
        .level = sender->log_level,
        .text_bytes = (uint8_t)(length < VBP_MAX_LOG_BYTES ? length : VBP_MAX_LOG_BYTES),
        .text = sender->log_text,
    };
    sender->log_text = NULL;
    start_frame(sender, config->control, vbp_encode_log(&log, config->control, config->control_bytes));
}

static void say_block(struct vbp_sender *sender, size_t number, const struct vbp_block *block, uint8_t *body)
{
    struct vbp_stream *stream = &sender->config.streams[number];
    const struct vbp_description *description = &sender->config.descriptions[number];
    struct vbp_data data = {
        .header = next_header(sender, description->stream_id),
        .sample_index = block->sample_index,
        .t_us = block->t_us,
        .n_samples = block->n_samples,
        .n_axes = description->n_axes,
        .format = (uint8_t)stream->format,
        .desc_crc = stream->desc_crc,
        .n_clipped = vbp_stream_count_clipped(stream, body + VBP_DATA_BYTES, block->n_samples, description->n_axes),
    };
    data.header.flags = (uint8_t)(block->flags | (data.n_clipped != 0 ? VBP_CLIPPED : 0));
    vbp_stream_note(stream, block);
    sender->sending = stream->queue;
    start_frame(sender, body, vbp_encode_data(&data, body, stream->queue->block_bytes));
}

static bool start_block(struct vbp_sender *sender)
{
    const uint8_t n_streams = sender->config.hello->n_streams;
    for (uint8_t asked = 0; asked < n_streams; asked++) {
        const uint8_t number = sender->turn;
        uint8_t *body;
        const struct vbp_block *block = vbp_queue_front(sender->config.streams[number].queue, &body);
        sender->turn = (uint8_t)(number + 1 == n_streams ? 0 : number + 1);
        if (block != NULL) {
            say_block(sender, number, block, body);
            return true;
        }
    }
    return false;
}

static bool start_status(struct vbp_sender *sender, uint64_t now)
{
    for (size_t i = 0; i < sender->config.hello->n_streams; i++) {
        if (now >= sender->config.streams[i].status_due_us) {
            say_status(sender, i);
            return true;
        }
    }
    return false;
}

static bool start_next(struct vbp_sender *sender)
{
    const uint64_t now = now_us(sender);
    if (sender->sending != NULL) {
        vbp_queue_pop(sender->sending);
        sender->sending = NULL;
    }
    if (now >= sender->hello_due_us) {
        return say_hello(sender);
    }
    if (start_status(sender, now)) {
        return true;
    }
    if (sender->log_text != NULL) {
        say_log(sender);
        return true;
    }
    return start_block(sender);
}

/* Intervals of 0 would leave no time for anything else. */
static bool can_work(const struct vbp_sender_config *config)
{
    const struct vbp_hello *hello = config->hello;
    for (size_t i = 0; i < hello->n_streams; i++) {
        const struct vbp_stream *stream = &config->streams[i];
        const struct vbp_queue *queue = stream->queue;
        const uint8_t n_axes = config->descriptions[i].n_axes;
        const size_t size = VBP_DATA_SIZE(queue->block_samples, n_axes, (unsigned)stream->format);
        if (queue->n_slots < 2 || size > queue->block_bytes || size > hello->max_frame) {
            return false;
        }
    }
    return config->control_bytes >= VBP_CONTROL_BYTES(hello->n_streams) && config->chunk_bytes != 0
        && hello->hello_ms != 0 && hello->status_ms != 0;
}

bool vbp_sender_begin(struct vbp_sender *sender, const struct vbp_sender_config *config)
{
    memset(sender, 0, sizeof *sender);
    sender->config = *config;
    config->hello->header = next_header(sender, VBP_DEVICE_STREAM);
    config->hello->t_us = VBP_NO_TIME;
    config->hello->streams = config->descriptions;
    if (!vbp_hello_valid(config->hello) || !can_work(config)) {
        return false;
    }
    const uint64_t begun_us = now_us(sender);
    vbp_encode_hello(config->hello, config->control, config->control_bytes);
    for (size_t i = 0; i < config->hello->n_streams; i++) {
        struct vbp_stream *stream = &config->streams[i];
        vbp_stream_begin(stream, begun_us);
        stream->status_due_us = begun_us + config->hello->status_ms * UINT64_C(1000);
        stream->desc_crc = vbp_encoded_desc_crc(config->control, i);
    }
    return true;
}

bool vbp_sender_log(struct vbp_sender *sender, uint8_t level, const char *text)
{
    if (sender->log_text != NULL) {
        return false;
    }
    sender->log_level = level;
    sender->log_text = text;
    return true;
}

/* The next bytes for the line, from the frame under way or from the next one that is due. */
static bool refill(struct vbp_sender *sender)
{
    const struct vbp_sender_config *config = &sender->config;
    sender->chunk_at = 0;
    sender->chunk_end = vbp_stuffer_read(&sender->stuffer, config->chunk, config->chunk_bytes);
    if (sender->chunk_end == 0 && start_next(sender)) {
        sender->chunk_end = vbp_stuffer_read(&sender->stuffer, config->chunk, config->chunk_bytes);
    }
    return sender->chunk_end != 0;
}

bool vbp_sender_poll(struct vbp_sender *sender)
{
    const struct vbp_port *port = sender->config.port;
    for (;;) {
        if (sender->chunk_at == sender->chunk_end && !refill(sender)) {
            return false;
        }
        const size_t size = sender->chunk_end - sender->chunk_at;
        const size_t taken = port->write(port->context, sender->config.chunk + sender->chunk_at, size);
        sender->chunk_at += taken;
        if (taken < size) {
            return true;
        }
    }
}
