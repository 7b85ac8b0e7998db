/*
 * A whole firmware on an emulated Cortex-M4 (mps2-an386): IIS3DWB driver, queue, sender, UART.
 *
 * Only the chip is a model: its FIFO fills from a host file, in the timer interrupt that stands for its watermark pin.
 * The file samples.bin, in the directory where qemu runs, begins with struct recording; raw samples follow, three
 * 16-bit numbers each.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iis3dwb.h"
#include "vbp.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define UART_DATA REGISTER(0x40004000u)
#define UART_STATE REGISTER(0x40004004u)
#define UART_CONTROL REGISTER(0x40004008u)
#define UART_BAUD_DIVISOR REGISTER(0x40004010u)
#define UART_FULL 1u
#define SYSTICK_CONTROL REGISTER(0xE000E010u)
#define SYSTICK_RELOAD REGISTER(0xE000E014u)
#define SYSTICK_ON 7u
#define TICKS_PER_WATERMARK 30000u /* 1.2 ms at 25 MHz, four times as fast as the chip: a test need not wait */

#define SAMPLE_BYTES 6u
#define BLOCK_SAMPLES 256u
#define SLOTS 27u /* 40 kB: a quarter of a second */
#define FIFO_SAMPLES 512u

struct recording {
    uint8_t freq_fine; /* what the chip says of its rate, in steps of 0.15 % */
    uint8_t unused;
    uint16_t session;
    uint16_t deaf_every;  /* interrupts between two that come five periods late; 0: none do */
    uint16_t held_blocks; /* blocks that the chip measures before the line takes its first byte */
    uint32_t n_samples;
};

struct chip {
    int file;
    uint32_t made;
    uint32_t waiting;
    bool overran;
    uint8_t registers[128];
};

static struct recording recording;
static struct chip chip;
static struct iis3dwb sensor;
static struct vbp_queue queue;
static struct vbp_block blocks[SLOTS];
static uint32_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK_SAMPLES, 3u, VBP_I16) / 4u];
static volatile bool ended;
static uint64_t rest_us; /* time that passes after the recording has ended */

static uint32_t rate_mhz(void)
{
    return (uint32_t)(26667000 + (int8_t)recording.freq_fine * 40000);
}

static uint64_t chip_us(void)
{
    return chip.made * UINT64_C(1000000000) / rate_mhz();
}

/* ---- the chip ---- */

static void read_sample(uint8_t *sample)
{
    if (read(chip.file, sample, SAMPLE_BYTES) != SAMPLE_BYTES) {
        exit(4);
    }
    chip.waiting--;
}

static void make_samples(uint32_t n_samples)
{
    const uint32_t left = recording.n_samples - chip.made;
    const uint32_t made = n_samples < left ? n_samples : left;
    chip.made += made;
    chip.waiting += made;
    while (chip.waiting > FIFO_SAMPLES) {
        uint8_t lost[SAMPLE_BYTES];
        chip.overran = true;
        read_sample(lost);
    }
}

static void read_words(uint8_t *bytes, size_t size)
{
    for (const uint8_t *end = bytes + size; bytes != end; bytes += IIS3DWB_WORD_BYTES) {
        bytes[0] = 0x02 << 3;
        read_sample(bytes + 1);
    }
}

static bool read_chip(void *context, uint8_t command, uint8_t *bytes, size_t size)
{
    (void)context;
    switch (command & 0x7Fu) {
    case 0x78:
        read_words(bytes, size);
        break;
    case 0x3A:
        bytes[0] = (uint8_t)chip.waiting;
        bytes[1] = (uint8_t)(chip.waiting >> 8 | (chip.overran ? 0x08u : 0u));
        chip.overran = false;
        break;
    default:
        memcpy(bytes, chip.registers + (command & 0x7Fu), size);
        break;
    }
    return true;
}

static bool write_chip(void *context, uint8_t command, uint8_t value)
{
    (void)context;
    chip.registers[command & 0x7Fu] = value;
    return true;
}

static const struct sensor_bus bus = {.read = read_chip, .write = write_chip};

/* ---- the firmware ---- */

static bool line_is_held(void)
{
    return !ended && chip.made < recording.held_blocks * BLOCK_SAMPLES;
}

static bool queue_is_full(void)
{
    const unsigned next = queue.open + 1u == SLOTS ? 0 : queue.open + 1u;
    return next == VBP_LOAD(&queue.front);
}

void arm_systick_isr(void);

void arm_systick_isr(void)
{
    static uint16_t interrupts;
    uint32_t periods = 1;
    /* How fast the core is depends on the host. A chip that waits for it makes losses that depend on samples alone. */
    if (ended || (queue_is_full() && !line_is_held())) {
        return;
    }
    if (recording.deaf_every != 0 && ++interrupts == recording.deaf_every) {
        interrupts = 0;
        periods = 5;
    }
    make_samples(periods * IIS3DWB_WATERMARK);
    iis3dwb_drain(&sensor, &queue, chip_us());
    if (chip.made == recording.n_samples) {
        vbp_queue_flush(&queue);
        ended = true;
    }
}

static uint64_t now_us(void *context)
{
    (void)context;
    return chip_us() + rest_us;
}

static size_t write_uart(void *context, const uint8_t *bytes, size_t size)
{
    size_t written = 0;
    (void)context;
    if (line_is_held()) {
        return 0;
    }
    while (written < size && (UART_STATE & UART_FULL) == 0) {
        UART_DATA = bytes[written++];
    }
    return written;
}

static void pause_ms(uint32_t ms)
{
    (void)ms; /* the model needs no time to reset */
}

static bool open_recording(void)
{
    chip.file = open("samples.bin", O_RDONLY);
    chip.registers[0x0F] = 0x7B;
    if (chip.file < 0 || read(chip.file, &recording, sizeof recording) != sizeof recording) {
        return false;
    }
    chip.registers[0x63] = recording.freq_fine;
    return true;
}

int main(void)
{
    static const struct vbp_port port = {.now_us = now_us, .write = write_uart};
    static struct vbp_description description;
    static struct vbp_stream stream = {.queue = &queue, .format = VBP_I16, .clip_level = IIS3DWB_CLIP_LEVEL};
    static uint8_t control[VBP_CONTROL_BYTES(1u)];
    static uint8_t chunk[64];
    static struct vbp_sender sender;
    static struct vbp_hello hello = {
        .uid = "emulated m4", .firmware = "loop", .board = "mps2-an386", .max_frame = 2048, .hello_ms = 5000,
        .status_ms = 1000, .n_streams = 1,
    };
    const struct vbp_sender_config config = {
        .port = &port, .hello = &hello, .descriptions = &description, .streams = &stream,
        .control = control, .control_bytes = sizeof control, .chunk = chunk, .chunk_bytes = sizeof chunk,
    };
    description = iis3dwb_description(BLOCK_SAMPLES);
    UART_BAUD_DIVISOR = 16;
    UART_CONTROL = 1;
    vbp_queue_init(&queue, blocks, (uint8_t *)bodies, SLOTS, BLOCK_SAMPLES, 3, VBP_I16);
    if (!open_recording() || !iis3dwb_start(&sensor, &bus, pause_ms, 0)) {
        return 2;
    }
    sensor.fifo.emptied_us = 0; /* the chip's clock begins with its first sample */
    hello.header.session = recording.session;
    if (!vbp_sender_begin(&sender, &config)) {
        return 3;
    }
    SYSTICK_RELOAD = TICKS_PER_WATERMARK;
    SYSTICK_CONTROL = SYSTICK_ON;
    while (vbp_sender_poll(&sender) || !ended) {
    }
    while (vbp_sender_poll(&sender)) { /* the last block, where it came between the two questions above */
    }
    rest_us = 2000000; /* one more STATUS, about all there was */
    while (vbp_sender_poll(&sender)) {
    }
    return 0;
}
