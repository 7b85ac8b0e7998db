/* What damage costs: the frame it hits and no other, and never a frame that nobody sent. */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "vectors.h"

#define ROUNDS 2000

static uint8_t held[VBP_MAX_WIRE];
static struct vbp_event event;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static const struct valid_vector *vector_of(const char *name)
{
    for (size_t i = 0; i < COUNT(valid_vectors); i++) {
        if (strcmp(valid_vectors[i].name, name) == 0) {
            return &valid_vectors[i];
        }
    }
    return NULL;
}

/* The same frame three times on a line, one bit of it flipped: two or three arrive, each as it was sent. */
static void test_one_bit(const struct valid_vector *v, size_t bit)
{
    uint8_t line[3 * 256];
    const size_t size = 3 * v->wire_bytes;
    struct vbp_decoder decoder;
    int frames = 0;
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        memcpy(line + i * v->wire_bytes, v->wire, v->wire_bytes);
    }
    line[v->wire_bytes + bit / 8] = (uint8_t)(line[v->wire_bytes + bit / 8] ^ 1u << bit % 8);
    vbp_decoder_init(&decoder, held, sizeof held);
    while (at < size) {
        at += vbp_decoder_feed(&decoder, line + at, size - at, &event);
        if (event.kind == VBP_FRAME) {
            frames++;
            CHECK_OF(v->name, event.frame.as.data.sample_index == 0 && event.frame.rest_bytes == 12);
            CHECK_OF(v->name, memcmp(event.frame.rest, v->body + VBP_DATA_BYTES, 12) == 0);
        }
    }
    CHECK_OF(v->name, frames >= 2);
}

/* Noise is refused, however it is cut, and never held beyond the buffer. */
static void test_noise(void)
{
    static uint8_t noise[1000];
    struct vbp_decoder decoder;
    uint32_t random = 1;
    vbp_decoder_init(&decoder, held, 300);
    for (int round = 0; round < ROUNDS; round++) {
        const size_t size = next_random(&random) % sizeof noise;
        for (size_t i = 0; i < size; i++) {
            noise[i] = (uint8_t)next_random(&random);
        }
        for (size_t at = 0; at < size;) {
            at += vbp_decoder_feed(&decoder, noise + at, size - at, &event);
            CHECK(event.kind != VBP_FRAME && decoder.held <= 300);
        }
    }
}

/* A receiver with little memory refuses long frames and goes on with the next. */
static void test_small_buffer(void)
{
    const struct valid_vector *longest = vector_of("data_longest");
    const struct valid_vector *status = vector_of("status");
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, held, 256);
    size_t taken = vbp_decoder_feed(&decoder, longest->wire, longest->wire_bytes, &event);
    CHECK(taken == longest->wire_bytes && event.kind == VBP_REFUSED && event.fault == VBP_FAULT_OVERSIZE);
    CHECK(event.size == longest->wire_bytes - 2);
    taken = vbp_decoder_feed(&decoder, status->wire, status->wire_bytes, &event);
    CHECK(taken == status->wire_bytes && event.kind == VBP_FRAME && event.frame.type == VBP_STATUS);
    CHECK(event.frame.as.status.produced == 26700);
}

/* A larger buffer takes no longer frames, and what follows an endless line is heard again. */
static void test_an_endless_line(void)
{
    static uint8_t large[VBP_MAX_WIRE + 100];
    const struct valid_vector *status = vector_of("status");
    const uint8_t byte = 0x55;
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, large, sizeof large);
    for (unsigned i = 0; i < VBP_MAX_WIRE + 50; i++) {
        CHECK(vbp_decoder_feed(&decoder, &byte, 1, &event) == 1 && event.kind == VBP_NOTHING);
        CHECK(decoder.held <= VBP_MAX_WIRE);
    }
    CHECK(vbp_decoder_feed(&decoder, status->wire, status->wire_bytes, &event) == 1);
    CHECK(event.fault == VBP_FAULT_OVERSIZE && event.size == VBP_MAX_WIRE + 50);
    CHECK(vbp_decoder_feed(&decoder, status->wire + 1, status->wire_bytes - 1, &event) == status->wire_bytes - 1);
    CHECK(event.kind == VBP_FRAME);
}

/* Coloured boot messages are text, and a zero where stuffing allows none is not. */
static void test_text_and_zeros(void)
{
    static const uint8_t boot[] = "\x1b[0;32mI (31) boot: ESP-IDF\x1b[0m\r\n";
    uint8_t with_zero[] = {0x03, 0x00, 0x11};
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, held, sizeof held);
    CHECK(vbp_decoder_feed(&decoder, boot, sizeof boot, &event) == sizeof boot && event.fault == VBP_FAULT_TEXT);
    CHECK(vbp_unstuff(with_zero, sizeof with_zero) == VBP_NOT_STUFFED);
}

/* A refused block whose CRC held still says how many samples went with it. */
static void test_samples_of_a_refused_block(void)
{
    static struct vbp_frame frame;
    uint8_t body[64];
    struct vbp_data data = {.sample_index = VBP_MAX_COUNT, .n_samples = 3, .n_axes = 1, .format = VBP_I16};
    memset(body, 0, sizeof body);
    const size_t size = vbp_encode_data(&data, body, sizeof body);
    CHECK(vbp_decode_body(body, size, &frame) == VBP_FAULT_FIELD);
    CHECK(frame.type == VBP_DATA && frame.as.data.n_samples == 3);
}

void test_decoder(void)
{
    const struct valid_vector *v = vector_of("data_first_block");
    for (size_t bit = 0; bit < 8 * v->wire_bytes; bit++) {
        test_one_bit(v, bit);
    }
    test_noise();
    test_small_buffer();
    test_an_endless_line();
    test_text_and_zeros();
    test_samples_of_a_refused_block();
}
