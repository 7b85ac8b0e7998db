/* vectors.json, both ways: what must be sent and understood, and what must be refused and as what. */
#include <string.h>

#include "check.h"
#include "vectors.h"

static uint8_t wire[VBP_MAX_WIRE + 2];
static uint8_t held[VBP_MAX_WIRE];
static uint8_t body[VBP_MAX_BODY];
static struct vbp_event event;

static size_t stuff(const uint8_t *plain, size_t size)
{
    struct vbp_stuffer stuffer;
    vbp_stuffer_begin(&stuffer, plain, size);
    return vbp_stuffer_read(&stuffer, wire, sizeof wire);
}

static void test_stuffing(const struct stuffing_vector *v)
{
    CHECK_OF(v->name, stuff(v->plain, v->plain_bytes) == v->stuffed_bytes + 2);
    CHECK_OF(v->name, wire[0] == 0 && wire[v->stuffed_bytes + 1] == 0);
    CHECK_OF(v->name, memcmp(wire + 1, v->stuffed, v->stuffed_bytes) == 0);
    CHECK_OF(v->name, vbp_unstuff(wire + 1, v->stuffed_bytes) == v->plain_bytes);
    CHECK_OF(v->name, memcmp(wire + 1, v->plain, v->plain_bytes) == 0);
}

static void test_stuffing_in_pieces(const struct valid_vector *v, size_t piece)
{
    struct vbp_stuffer stuffer;
    size_t written = 0;
    size_t size = 0;
    vbp_stuffer_begin(&stuffer, v->body, v->body_bytes);
    while ((size = vbp_stuffer_read(&stuffer, wire + written, piece)) != 0) {
        written += size;
    }
    CHECK_OF(v->name, written == v->wire_bytes && memcmp(wire, v->wire, written) == 0);
}

/* The bytes that this library sends for a value, its payload taken from where a receiver found it. */
static size_t encode(uint8_t type, const void *value, const uint8_t *payload, size_t payload_bytes)
{
    switch (type) {
    case VBP_HELLO:
        return vbp_encode_hello(value, body, sizeof body);
    case VBP_DATA:
        memcpy(body + VBP_DATA_BYTES, payload, payload_bytes);
        return vbp_encode_data(value, body, sizeof body);
    case VBP_STATUS:
        return vbp_encode_status(value, body, sizeof body);
    default:
        return vbp_encode_log(value, body, sizeof body);
    }
}

static void test_encoding(const struct valid_vector *v)
{
    if (v->value == NULL || v->extended) {
        return; /* nothing that this version would send */
    }
    const size_t payload_bytes = v->type == VBP_DATA ? v->body_bytes - VBP_DATA_BYTES - VBP_CRC_BYTES : 0;
    const size_t size = encode(v->type, v->value, v->body + VBP_DATA_BYTES, payload_bytes);
    CHECK_OF(v->name, size == v->body_bytes && memcmp(body, v->body, size) == 0);
}

/* Encoded again, a frame that was understood is the same as the value that it should have been understood as. */
static void check_understood(const struct valid_vector *v, const struct vbp_frame *frame)
{
    static uint8_t understood[VBP_MAX_BODY];
    CHECK_OF(v->name, frame->type == v->type);
    if (v->value == NULL) {
        CHECK_OF(v->name, frame->rest_bytes == v->body_bytes - VBP_HEADER_BYTES - VBP_CRC_BYTES);
        CHECK_OF(v->name, memcmp(frame->rest, v->body + VBP_HEADER_BYTES, frame->rest_bytes) == 0);
        return;
    }
    const size_t payload_bytes = frame->type == VBP_DATA ? frame->rest_bytes : 0;
    const size_t size = encode(frame->type, &frame->as, frame->rest, payload_bytes);
    memcpy(understood, body, size);
    CHECK_OF(v->name, size != 0 && size == encode(v->type, v->value, frame->rest, payload_bytes));
    CHECK_OF(v->name, memcmp(understood, body, size) == 0);
}

/* Feeds wire bytes in pieces; exactly one frame must come out, and nothing be refused. */
static void feed_whole(const struct valid_vector *v, const uint8_t *bytes, size_t size, size_t piece)
{
    struct vbp_decoder decoder;
    int frames = 0;
    vbp_decoder_init(&decoder, held, sizeof held);
    while (size != 0) {
        const size_t taken = vbp_decoder_feed(&decoder, bytes, piece < size ? piece : size, &event);
        bytes += taken;
        size -= taken;
        CHECK_OF(v->name, event.kind != VBP_REFUSED);
        if (event.kind == VBP_FRAME) {
            frames++;
            check_understood(v, &event.frame);
        }
    }
    CHECK_OF(v->name, frames == 1);
}

static void test_with_noise(const struct valid_vector *v)
{
    static const uint8_t noise[] = {0x55, 0xAA, 0x12, 0x00};
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, held, sizeof held);
    CHECK_OF(v->name, vbp_decoder_feed(&decoder, noise, 3, &event) == 3 && event.kind == VBP_NOTHING);
    CHECK_OF(v->name, vbp_decoder_feed(&decoder, v->wire, v->wire_bytes, &event) == 1);
    CHECK_OF(v->name, event.kind == VBP_REFUSED && event.fault == VBP_FAULT_COBS && event.size == 3);
    CHECK_OF(v->name, vbp_decoder_feed(&decoder, v->wire + 1, v->wire_bytes - 1, &event) == v->wire_bytes - 1);
    CHECK_OF(v->name, event.kind == VBP_FRAME);
    check_understood(v, &event.frame);
    CHECK_OF(v->name, vbp_decoder_feed(&decoder, noise, sizeof noise, &event) == sizeof noise);
    CHECK_OF(v->name, event.kind == VBP_REFUSED);
}

static void test_refused_wire(const char *name, const char *fault, const uint8_t *bytes, size_t size)
{
    static const uint8_t zero;
    struct vbp_decoder decoder;
    vbp_decoder_init(&decoder, held, sizeof held);
    CHECK_OF(name, vbp_decoder_feed(&decoder, bytes, size, &event) == size && event.kind == VBP_NOTHING);
    CHECK_OF(name, vbp_decoder_feed(&decoder, &zero, 1, &event) == 1);
    CHECK_OF(name, event.kind == VBP_REFUSED && strcmp(vbp_fault_name(event.fault), fault) == 0);
}

static void test_refused_body(const struct refused_vector *v)
{
    static struct vbp_frame frame;
    CHECK_OF(v->name, strcmp(vbp_fault_name(vbp_decode_body(v->bytes, v->size, &frame)), v->fault) == 0);
    const size_t size = stuff(v->bytes, v->size);
    test_refused_wire(v->name, v->fault, wire + 1, size - 2);
}

/* desc_crc lies outside of all frames but DATA: compute it as a firmware does, from its own HELLO. */
static void test_descriptor(const struct descriptor_vector *v)
{
    const struct vbp_hello hello = {.n_streams = 1, .streams = &v->description};
    CHECK(vbp_encode_hello(&hello, body, sizeof body) == VBP_HELLO_SIZE(1));
    CHECK(vbp_encoded_desc_crc(body, 0) == v->crc);
}

static void test_checksums(void)
{
    const uint8_t digits[] = "123456789";
    CHECK(vbp_crc32(digits, 9) == 0xCBF43926u);
    CHECK(vbp_crc16(digits, 9) == 0x29B1u);
    CHECK(vbp_crc32(digits, 0) == 0);
}

static void test_too_small_a_buffer(const struct valid_vector *v)
{
    if (v->type == VBP_STATUS && !v->extended) {
        CHECK_OF(v->name, vbp_encode_status(v->value, body, v->body_bytes - 1) == 0);
        CHECK_OF(v->name, vbp_encode_status(v->value, body, v->body_bytes) == v->body_bytes);
    }
}

void test_vectors(void)
{
    test_checksums();
    for (size_t i = 0; i < COUNT(stuffing_vectors); i++) {
        test_stuffing(&stuffing_vectors[i]);
    }
    for (size_t i = 0; i < COUNT(descriptor_vectors); i++) {
        test_descriptor(&descriptor_vectors[i]);
    }
    for (size_t i = 0; i < COUNT(valid_vectors); i++) {
        const struct valid_vector *v = &valid_vectors[i];
        test_encoding(v);
        test_too_small_a_buffer(v);
        test_stuffing_in_pieces(v, 1);
        test_stuffing_in_pieces(v, 64);
        feed_whole(v, v->wire, v->wire_bytes, v->wire_bytes);
        feed_whole(v, v->wire, v->wire_bytes, 1);
        feed_whole(v, v->wire, v->wire_bytes, 7);
        test_with_noise(v);
    }
    for (size_t i = 0; i < COUNT(refused_bodies); i++) {
        test_refused_body(&refused_bodies[i]);
    }
    for (size_t i = 0; i < COUNT(refused_wires); i++) {
        const struct refused_vector *v = &refused_wires[i];
        test_refused_wire(v->name, v->fault, v->bytes, v->size);
    }
}
