/* Every limit of SPEC.md once at its last allowed value and once beyond it. */
#include <string.h>

#include "check.h"
#include "vbp.h"

static const struct vbp_description sound_stream = {
    .rate_nominal_mhz = 1, .stream_id = 254, .n_axes = 2, .axes = "az", .sensor = "twelve chars",
};

static struct vbp_hello hello_of(const struct vbp_description *streams)
{
    const struct vbp_hello hello = {
        .t_us = VBP_MAX_COUNT - 1, .firmware = " ~", .board = "sixteen letters.", .max_frame = VBP_MAX_BODY,
        .n_streams = 1, .streams = streams,
    };
    return hello;
}

static void test_hello(void)
{
    struct vbp_hello hello = hello_of(&sound_stream);
    CHECK(vbp_hello_valid(&hello));
    hello.t_us = VBP_NO_TIME;
    CHECK(vbp_hello_valid(&hello));
    hello.t_us = VBP_MAX_COUNT;
    CHECK(!vbp_hello_valid(&hello));
    hello = hello_of(&sound_stream);
    hello.max_frame++;
    CHECK(!vbp_hello_valid(&hello));
    hello = hello_of(&sound_stream);
    hello.firmware[1] = 0x7F;
    CHECK(!vbp_hello_valid(&hello));
    hello = hello_of(&sound_stream);
    hello.board[0] = 0x1F;
    CHECK(!vbp_hello_valid(&hello));
    hello = hello_of(&sound_stream);
    hello.header.flags = 1;
    CHECK(!vbp_hello_valid(&hello));
}

static void check_axes(const char *axes, uint8_t n_axes, bool valid)
{
    struct vbp_description stream = sound_stream;
    const struct vbp_hello hello = hello_of(&stream);
    memset(stream.axes, 0, sizeof stream.axes);
    memcpy(stream.axes, axes, strlen(axes));
    stream.n_axes = n_axes;
    CHECK_OF(axes, vbp_hello_valid(&hello) == valid);
}

static void test_descriptions(void)
{
    struct vbp_description pair[2] = {sound_stream, sound_stream};
    struct vbp_hello hello = hello_of(pair);
    check_axes("abcdefgh", 8, true);
    check_axes("", 0, false);
    check_axes("a{", 2, false);
    check_axes("a`", 2, false);
    check_axes("aa", 2, false);
    check_axes("ab", 1, false);
    hello.n_streams = 2;
    CHECK(!vbp_hello_valid(&hello));
    pair[1].stream_id = 0;
    CHECK(vbp_hello_valid(&hello));
    pair[1].stream_id = VBP_DEVICE_STREAM;
    CHECK(!vbp_hello_valid(&hello));
    pair[1] = sound_stream;
    pair[1].stream_id = 0;
    pair[1].rate_nominal_mhz = 0;
    CHECK(!vbp_hello_valid(&hello));
}

static void test_data(void)
{
    struct vbp_data data = {.sample_index = VBP_MAX_COUNT - 3, .n_samples = 3, .n_axes = 8, .header = {.flags = 0x3F}};
    CHECK(vbp_data_valid(&data));
    data.sample_index++;
    CHECK(!vbp_data_valid(&data));
    data.sample_index = UINT64_MAX;
    CHECK(!vbp_data_valid(&data));
    data.sample_index = 0;
    data.n_axes = 9;
    CHECK(!vbp_data_valid(&data));
    data.n_axes = 1;
    data.n_samples = 0;
    CHECK(!vbp_data_valid(&data));
    data.n_samples = 1;
    data.header.flags = 0x40;
    CHECK(!vbp_data_valid(&data));
}

static void test_status(void)
{
    struct vbp_status status = {.produced = VBP_MAX_COUNT, .dropped_fifo = 1, .dropped_queue = 2, .queued = 3};
    CHECK(vbp_status_valid(&status));
    status.produced = 6;
    CHECK(vbp_status_valid(&status));
    status.queued = 4;
    CHECK(!vbp_status_valid(&status));
    status.produced = VBP_MAX_COUNT + 1;
    CHECK(!vbp_status_valid(&status));
    status.produced = 100;
    status.dropped_fifo = UINT64_MAX - 1; /* whose sum with the others would wrap */
    CHECK(!vbp_status_valid(&status));
}

static void test_log(void)
{
    struct vbp_log log = {.level = 7};
    CHECK(vbp_log_valid(&log));
    log.level = 8;
    CHECK(!vbp_log_valid(&log));
}

/* A body longer than any receiver takes is not made, whatever room there is. */
static void test_longest_body(void)
{
    static uint8_t body[VBP_MAX_BODY + 100];
    struct vbp_data data = {.n_samples = 4078, .n_axes = 1, .format = VBP_I16};
    CHECK(vbp_encode_data(&data, body, sizeof body) == VBP_MAX_BODY);
    data.n_samples++;
    CHECK(vbp_encode_data(&data, body, sizeof body) == 0);
}

void test_limits(void)
{
    test_hello();
    test_descriptions();
    test_data();
    test_status();
    test_log();
    test_longest_body();
}
