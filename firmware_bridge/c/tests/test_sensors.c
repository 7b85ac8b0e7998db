/* The drivers against chips that exist only here: registers, a FIFO that fills and runs over, a bus that fails. */
#include <stdbool.h>
#include <string.h>

#include "adxl345.h"
#include "check.h"
#include "iis3dwb.h"

#define SLOTS 64u
#define BLOCK 16u

/* A chip: its registers, and a FIFO of `depth` samples whose value is their number. */
struct chip {
    uint8_t registers[128];
    uint32_t depth;
    uint32_t made;
    uint32_t read;
    bool overran;
    uint32_t reads_until_failure; /* 0: never */
    uint32_t glitch_at;           /* sample that comes out damaged, 0: none */
    uint32_t rate_hz;
};

static struct chip chip;
static struct vbp_block blocks[SLOTS];
static uint8_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK, 3u, VBP_I16)];
static struct vbp_queue queue;

static void make(uint32_t n_samples)
{
    chip.made += n_samples;
    if (chip.made - chip.read > chip.depth) {
        chip.read = chip.made - chip.depth;
        chip.overran = true;
    }
}

static uint8_t *put_sample(uint8_t *to)
{
    const uint32_t number = chip.read++ & 0x0FFFu;
    for (unsigned axis = 0; axis < 3; axis++) {
        *to++ = (uint8_t)(number + axis);
        *to++ = (uint8_t)((number + axis) >> 8);
    }
    return to;
}

static bool write_register(void *context, uint8_t command, uint8_t value)
{
    (void)context;
    chip.registers[command & 0x3Fu] = value;
    return true;
}

static bool fails(void)
{
    return chip.reads_until_failure != 0 && --chip.reads_until_failure == 0;
}

static bool read_adxl345(void *context, uint8_t command, uint8_t *bytes, size_t size)
{
    const uint8_t reg = command & 0x3Fu;
    (void)context;
    if (fails()) {
        return false;
    }
    chip.registers[0x30] = chip.overran;
    chip.registers[0x39] = (uint8_t)(chip.made - chip.read);
    if (reg == 0x32) {
        const bool glitch = chip.glitch_at != 0 && chip.read == chip.glitch_at;
        chip.overran = false;
        put_sample(bytes);
        bytes[1] |= glitch ? 0x50 : 0;
    } else {
        memcpy(bytes, chip.registers + reg, size);
    }
    return (command & 0x80u) != 0 && ((command & 0x40u) != 0) == (size > 1);
}

static bool read_iis3dwb(void *context, uint8_t command, uint8_t *bytes, size_t size)
{
    const uint8_t reg = command & 0x7Fu;
    const uint32_t waiting = chip.made - chip.read;
    (void)context;
    if (fails()) {
        return false;
    }
    if (reg == 0x78) {
        for (const uint8_t *end = bytes + size; bytes != end;) {
            *bytes++ = chip.glitch_at != 0 && chip.read == chip.glitch_at ? 0xFF : 0x02 << 3;
            bytes = put_sample(bytes);
        }
    } else if (reg == 0x3A) {
        bytes[0] = (uint8_t)waiting;
        bytes[1] = (uint8_t)(waiting >> 8 | (chip.overran ? 0x08u : 0u));
        chip.overran = false;
    } else {
        memcpy(bytes, chip.registers + reg, size);
    }
    return (command & 0x80u) != 0;
}

static const struct sensor_bus adxl345_bus = {.read = read_adxl345, .write = write_register};
static const struct sensor_bus iis3dwb_bus = {.read = read_iis3dwb, .write = write_register};

static uint64_t now_us(void)
{
    return chip.made * UINT64_C(1000000) / chip.rate_hz;
}

static void reset_chip(uint32_t depth, uint32_t rate_hz)
{
    memset(&chip, 0, sizeof chip);
    chip.depth = depth;
    chip.rate_hz = rate_hz;
    vbp_queue_init(&queue, blocks, bodies, SLOTS, BLOCK, 3, VBP_I16);
}

/* What lies in the queue: every sample's number fits its index, and the times rise with it. */
static uint32_t consume(uint64_t tolerance_us)
{
    uint32_t received = 0;
    uint8_t *body = NULL;
    const struct vbp_block *block = NULL;
    vbp_queue_flush(&queue);
    while ((block = vbp_queue_front(&queue, &body)) != NULL) {
        const uint64_t true_us = (block->sample_index + 1) * UINT64_C(1000000) / chip.rate_hz;
        CHECK(block->t_us + tolerance_us >= true_us && block->t_us <= true_us + tolerance_us);
        for (unsigned i = 0; i < block->n_samples; i++) {
            const uint8_t *sample = body + VBP_DATA_BYTES + 6 * i;
            CHECK((sample[0] | sample[1] << 8) == (int)((block->sample_index + i) & 0x0FFFu));
        }
        received += block->n_samples;
        vbp_queue_pop(&queue);
    }
    return received;
}

static void pause_ms(uint32_t ms)
{
    (void)ms;
}

static void test_adxl345_start(void)
{
    struct adxl345 sensor;
    reset_chip(32, 3200);
    CHECK(!adxl345_start(&sensor, &adxl345_bus, 0));
    chip.registers[0] = 0xE5;
    CHECK(adxl345_start(&sensor, &adxl345_bus, 0));
    CHECK(chip.registers[0x2C] == 0x0F && chip.registers[0x38] == 0x90 && chip.registers[0x2D] == 0x08);
    chip.reads_until_failure = 5;
    CHECK(!adxl345_start(&sensor, &adxl345_bus, 0));
}

static void test_adxl345_drain(void)
{
    struct adxl345 sensor;
    reset_chip(32, 3200);
    chip.registers[0] = 0xE5;
    CHECK(adxl345_start(&sensor, &adxl345_bus, 0));
    for (int i = 0; i < 10; i++) {
        make(ADXL345_WATERMARK);
        CHECK(adxl345_drain(&sensor, &queue, now_us()));
    }
    CHECK(consume(2) == 160 && queue.accounts.dropped_fifo == 0);
    make(100); /* 68 of them run over */
    CHECK(adxl345_drain(&sensor, &queue, now_us()));
    CHECK(queue.accounts.produced == 260 && queue.accounts.dropped_fifo == 68);
    CHECK(consume(2) == 32);
    make(16);
    chip.glitch_at = 263;
    CHECK(!adxl345_drain(&sensor, &queue, now_us()));
    CHECK(queue.bus_errors == 1 && queue.accounts.produced == 276 && queue.accounts.dropped_fifo == 69);
    CHECK(consume(2) == 15);
    chip.reads_until_failure = 2;
    CHECK(!adxl345_drain(&sensor, &queue, now_us()) && queue.bus_errors == 2);
}

static void test_iis3dwb_start(void)
{
    struct iis3dwb sensor;
    reset_chip(512, 26667);
    CHECK(!iis3dwb_start(&sensor, &iis3dwb_bus, pause_ms, 0));
    chip.registers[0x0F] = 0x7B;
    chip.registers[0x63] = 0xF6; /* ten steps slow */
    CHECK(iis3dwb_start(&sensor, &iis3dwb_bus, pause_ms, 0));
    CHECK(chip.registers[0x10] == 0xA4 && chip.registers[0x07] == 128 && chip.registers[0x0A] == 0x06);
    CHECK(sensor.fifo.rate_mhz == 26667000u - 400000u);
}

static void test_iis3dwb_drain(void)
{
    struct iis3dwb sensor;
    reset_chip(512, 26667);
    chip.registers[0x0F] = 0x7B;
    CHECK(iis3dwb_start(&sensor, &iis3dwb_bus, pause_ms, 0));
    sensor.fifo.emptied_us = 0;
    for (int i = 0; i < 4; i++) {
        make(IIS3DWB_WATERMARK + 3);
        CHECK(iis3dwb_drain(&sensor, &queue, now_us()));
    }
    CHECK(consume(2) == 524 && queue.accounts.dropped_fifo == 0);
    make(1000);
    CHECK(iis3dwb_drain(&sensor, &queue, now_us()));
    CHECK(queue.accounts.produced == 1524 && queue.accounts.dropped_fifo == 488);
    CHECK(consume(2) == 512);
    make(40);
    chip.glitch_at = 1530;
    CHECK(!iis3dwb_drain(&sensor, &queue, now_us()));
    CHECK(queue.bus_errors == 1 && consume(2) == 39);
    make(40);
    chip.reads_until_failure = 2; /* the status arrives, the first burst does not */
    CHECK(!iis3dwb_drain(&sensor, &queue, now_us()));
    CHECK(queue.bus_errors == 2 && queue.accounts.produced == 1604);
}

void test_sensors(void)
{
    test_adxl345_start();
    test_adxl345_drain();
    test_iis3dwb_start();
    test_iis3dwb_drain();
}
