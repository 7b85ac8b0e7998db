/* A whole device against a whole receiver, over a line that stalls: order, intervals, every sample accounted for. */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "vbp.h"

#define SLOTS 6u
#define BLOCK 16u
#define AXES 3u
#define PERIOD_US 500u
#define CLIPPED_EVERY 97u

/* A line that takes as many bytes as it has been given credit for, and the receiver at its end. */
struct line {
    uint64_t now_us;
    size_t credit;
    struct vbp_decoder decoder;
    uint8_t held[VBP_MAX_WIRE];
    uint64_t next_index;
    uint64_t received;
    uint64_t hello_us;
    unsigned hellos;
    unsigned statuses;
    unsigned logs;
    unsigned frames;
    unsigned log_bytes;
    unsigned blocks[2];
    bool any_hello; /* at any interval */
    uint16_t desc_crc[2];
    uint32_t rate_mhz;
    struct vbp_status status;
};

static struct line line;
static struct vbp_block blocks[2][SLOTS];
static uint8_t bodies[2][SLOTS * VBP_BLOCK_BYTES(BLOCK, AXES, VBP_I16)];
static struct vbp_queue queues[2];
static uint8_t control[VBP_CONTROL_BYTES(2u)];
static uint8_t chunk[24];
static struct vbp_sender sender;
static struct vbp_stream streams[2];
static struct vbp_description descriptions[2];
static struct vbp_hello hello;

static int16_t sample_of(uint64_t index, unsigned axis)
{
    return index % CLIPPED_EVERY == 0 && axis == 1 ? -32767 : (int16_t)(index * 7 % 3000 + axis);
}

static void check_block(const struct vbp_data *data, const uint8_t *payload)
{
    unsigned clipped = 0;
    CHECK(data->desc_crc == line.desc_crc[data->header.stream_id]);
    line.blocks[data->header.stream_id]++;
    if (data->header.stream_id != 0) {
        return; /* the other stream's samples are the same */
    }
    CHECK(data->sample_index >= line.next_index);
    CHECK(((data->header.flags & VBP_GAP) != 0) == (data->sample_index != line.next_index));
    CHECK(data->t_us == data->sample_index * PERIOD_US);
    for (unsigned i = 0; i < data->n_samples; i++) {
        clipped += (data->sample_index + i) % CLIPPED_EVERY == 0;
        for (unsigned axis = 0; axis < AXES; axis++, payload += 2) {
            CHECK((int16_t)(payload[0] | payload[1] << 8) == sample_of(data->sample_index + i, axis));
        }
    }
    CHECK(data->n_clipped == clipped && ((data->header.flags & VBP_CLIPPED) != 0) == (clipped != 0));
    line.next_index = data->sample_index + data->n_samples;
    line.received += data->n_samples;
}

static void check_status(const struct vbp_status *status)
{
    line.statuses++;
    line.status = *status;
    const uint64_t received = status->header.stream_id == 0 ? line.received : 0; /* the other one stays silent */
    CHECK(status->produced == received + status->dropped_fifo + status->dropped_queue + status->queued);
    CHECK(status->frames_sent == line.frames && status->temperature_cc == 2150 && status->reset_cause == 1);
}

static void receive(const struct vbp_frame *frame)
{
    CHECK(frame->header.seq == (uint16_t)line.frames && frame->header.session == 0x1234);
    switch (frame->type) {
    case VBP_HELLO:
        CHECK(line.hellos == 0 || line.any_hello || frame->as.hello.t_us - line.hello_us >= 5000000);
        line.hellos++;
        line.hello_us = frame->as.hello.t_us;
        memcpy(line.desc_crc, frame->desc_crcs, sizeof line.desc_crc);
        line.rate_mhz = frame->streams[0].rate_measured_mhz;
        break;
    case VBP_DATA:
        CHECK(line.hellos != 0);
        check_block(&frame->as.data, frame->rest);
        break;
    case VBP_STATUS:
        check_status(&frame->as.status);
        break;
    default:
        line.logs++;
        line.log_bytes = frame->as.log.text_bytes;
        CHECK(line.log_bytes >= 5 && memcmp(frame->as.log.text, "hello", 5) == 0);
        break;
    }
    line.frames++;
}

static size_t write_line(void *context, const uint8_t *bytes, size_t size)
{
    static struct vbp_event event;
    const size_t taken = size < line.credit ? size : line.credit;
    (void)context;
    line.credit -= taken;
    for (size_t at = 0; at < taken;) {
        at += vbp_decoder_feed(&line.decoder, bytes + at, taken - at, &event);
        CHECK(event.kind != VBP_REFUSED);
        if (event.kind == VBP_FRAME) {
            receive(&event.frame);
        }
    }
    return taken;
}

static uint64_t read_clock(void *context)
{
    (void)context;
    return line.now_us;
}

static void read_vitals(void *context, struct vbp_vitals *vitals)
{
    (void)context;
    vitals->temperature_cc = 2150;
    vitals->reset_cause = VBP_RESET_POWER_ON;
}

static const struct vbp_port port = {.now_us = read_clock, .write = write_line, .vitals = read_vitals};

static bool begin(uint8_t n_streams)
{
    const struct vbp_description described = {
        .rate_nominal_mhz = 2000000, .scale_nano_g = 488000, .full_scale_mg = 16000, .n_axes = AXES,
        .bits = 16, .quantity = 1, .axes = "xyz", .sensor = "test",
    };
    const struct vbp_hello identity = {
        .header = {.session = 0x1234}, .uid = {1}, .firmware = "0.1", .board = "host", .max_frame = 1024,
        .hello_ms = 5000, .status_ms = 1000, .n_streams = n_streams,
    };
    const struct vbp_sender_config config = {
        .port = &port, .hello = &hello, .descriptions = descriptions, .streams = streams,
        .control = control, .control_bytes = sizeof control, .chunk = chunk, .chunk_bytes = sizeof chunk,
    };
    memset(&line, 0, sizeof line);
    vbp_decoder_init(&line.decoder, line.held, sizeof line.held);
    hello = identity;
    for (uint8_t i = 0; i < 2; i++) {
        const struct vbp_stream stream = {.queue = &queues[i], .format = VBP_I16, .clip_level = 32767};
        vbp_queue_init(&queues[i], blocks[i], bodies[i], SLOTS, BLOCK, AXES, VBP_I16);
        streams[i] = stream;
        descriptions[i] = described;
        descriptions[i].stream_id = i;
    }
    return vbp_sender_begin(&sender, &config);
}

static void produce(struct vbp_queue *queue)
{
    const uint64_t index = queue->accounts.produced;
    uint8_t *place = vbp_queue_place(queue);
    for (unsigned axis = 0; axis < AXES; axis++) {
        const uint16_t bits = (uint16_t)sample_of(index, axis);
        *place++ = (uint8_t)bits;
        *place++ = (uint8_t)(bits >> 8);
    }
    vbp_queue_add(queue, 1, index * PERIOD_US, line.now_us);
}

/* One sample's time passes; the line takes `credit` bytes more of what it is offered. */
static void pass(size_t credit)
{
    line.now_us = queues[0].accounts.produced * PERIOD_US;
    produce(&queues[0]);
    line.credit = credit;
    vbp_sender_poll(&sender);
}

static void test_a_quiet_line(void)
{
    CHECK(begin(1));
    for (int i = 0; i < 24000; i++) {
        pass(1000);
    }
    CHECK(line.received == 24000 && line.hellos == 3 && line.statuses == 11);
    CHECK(line.status.dropped_queue == 0 && line.rate_mhz == 2000000);
}

/* Every drop is counted, on a line that stalls for longer than the queue holds, and a FIFO that runs over. */
static void test_a_stalling_line(void)
{
    uint32_t random = 1;
    CHECK(begin(1));
    for (int i = 0; i < 60000; i++) {
        random = random * 1664525u + 1013904223u;
        if (random >> 20 == 0) {
            vbp_queue_lose(&queues[0], 1 + (random >> 8) % 50, line.now_us);
        }
        pass(i / 700 % 3 == 0 ? 0 : random >> 16 & 31u);
    }
    vbp_queue_flush(&queues[0]);
    line.credit = SIZE_MAX;
    line.now_us += 2000000;
    CHECK(!vbp_sender_poll(&sender));
    line.now_us += 2000000;
    CHECK(!vbp_sender_poll(&sender));
    CHECK(line.status.dropped_fifo != 0 && line.status.dropped_queue != 0);
    CHECK(line.status.produced == queues[0].accounts.produced && line.statuses > 20);
    CHECK(line.status.queue_high_bytes == (SLOTS - 1) * queues[0].block_bytes);
}

static void test_a_log_line(void)
{
    CHECK(begin(1));
    CHECK(vbp_sender_log(&sender, 6, "hello") && !vbp_sender_log(&sender, 6, "too soon"));
    pass(1000);
    CHECK(line.logs == 1 && line.log_bytes == 5 && line.hellos == 1);
    CHECK(vbp_sender_log(&sender, 6, "hello"));
}

/* What is too long for one LOG is cut, not refused. */
static void test_a_long_log_line(void)
{
    char text[300];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    memcpy(text, "hello", 5);
    CHECK(begin(1));
    CHECK(vbp_sender_log(&sender, 6, text));
    line.credit = SIZE_MAX;
    vbp_sender_poll(&sender);
    CHECK(line.logs == 1 && line.log_bytes == VBP_MAX_LOG_BYTES);
}

/* Too short a time says more about interrupts than about the oscillator. */
static void test_a_rate_needs_time(void)
{
    CHECK(begin(1));
    hello.hello_ms = 50;
    line.any_hello = true;
    for (int i = 0; i < 1900; i++) {
        pass(1000);
    }
    CHECK(line.hellos > 10 && line.rate_mhz == 0);
    for (int i = 0; i < 1000; i++) {
        pass(1000);
    }
    CHECK(line.rate_mhz == 2000000);
}

/* On a line too slow for both, neither stream keeps the other from speaking. */
static void test_two_streams_take_turns(void)
{
    CHECK(begin(2));
    for (unsigned i = 0; i < 4 * BLOCK; i++) {
        produce(&queues[0]);
        produce(&queues[1]);
    }
    for (int i = 0; i < 1000 && line.blocks[0] + line.blocks[1] < 4; i++) {
        line.credit = 20;
        vbp_sender_poll(&sender);
    }
    CHECK(line.blocks[0] == 2 && line.blocks[1] == 2);
}

/* The silent one of two streams says in its STATUS that it produced nothing. */
static void test_two_streams(void)
{
    CHECK(begin(2));
    for (int i = 0; i < 2200; i++) {
        pass(500);
    }
    CHECK(line.statuses == 2 && line.status.header.stream_id == 1 && line.status.frames_sent > 0);
}

static void test_mistakes_are_seen_at_the_start(void)
{
    CHECK(!begin(0));
    CHECK(!begin(9));
    CHECK(begin(1));
    struct vbp_sender_config config = sender.config;
    config.control_bytes = 100;
    CHECK(!vbp_sender_begin(&sender, &config));
    config.control_bytes = sizeof control;
    hello.max_frame = 100;
    CHECK(!vbp_sender_begin(&sender, &config));
    hello.max_frame = 1024;
    hello.status_ms = 0;
    CHECK(!vbp_sender_begin(&sender, &config));
    hello.status_ms = 1000;
    descriptions[0].axes[1] = 'x';
    CHECK(!vbp_sender_begin(&sender, &config));
}

void test_sender(void)
{
    test_a_quiet_line();
    test_a_stalling_line();
    test_a_log_line();
    test_a_long_log_line();
    test_a_rate_needs_time();
    test_two_streams_take_turns();
    test_two_streams();
    test_mistakes_are_seen_at_the_start();
}
