/*
 * IIS3DWB on a Raspberry Pi Pico with the Pico SDK: samples are read in the watermark interrupt, frames leave through
 * UART0 at 3 Mbaud to a USB adapter (FT232H, CP2102N) or straight to a Raspberry Pi's UART.
 *
 *   IIS3DWB   CS -> GP17   SDI -> GP19   SDO -> GP16   SCL -> GP18   INT1 -> GP20       frames: GP0
 *
 * CMakeLists.txt needs: target_sources(... main.c, the C files of ../../src, ../../sensors/iis3dwb.c),
 * target_include_directories(... ../../src ../../sensors) and
 * target_link_libraries(... pico_stdlib hardware_spi hardware_uart pico_unique_id pico_rand).
 */
#include <string.h>

#include "hardware/gpio.h"
#include "hardware/spi.h"
#include "hardware/uart.h"
#include "pico/rand.h"
#include "pico/stdlib.h"
#include "pico/unique_id.h"

#include "iis3dwb.h"
#include "vbp.h"

#define PIN_TX 0
#define PIN_MISO 16
#define PIN_CS 17
#define PIN_SCK 18
#define PIN_MOSI 19
#define PIN_INT1 20
#define BAUD 3000000
#define SPI_HZ 10000000
#define BLOCK_SAMPLES 256u
#define SLOTS 27u /* 43 kB: a quarter of a second */

/* The application's own; the library keeps nothing. */
static struct vbp_block blocks[SLOTS];
static uint32_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK_SAMPLES, 3u, VBP_I16) / 4u];
static struct vbp_queue queue;
static struct iis3dwb sensor;

static bool read_registers(void *context, uint8_t command, uint8_t *bytes, size_t size)
{
    (void)context;
    gpio_put(PIN_CS, false);
    spi_write_blocking(spi0, &command, 1);
    const int taken = spi_read_blocking(spi0, 0, bytes, size);
    gpio_put(PIN_CS, true);
    return taken == (int)size;
}

static bool write_register(void *context, uint8_t command, uint8_t value)
{
    const uint8_t bytes[] = {command, value};
    (void)context;
    gpio_put(PIN_CS, false);
    const int taken = spi_write_blocking(spi0, bytes, sizeof bytes);
    gpio_put(PIN_CS, true);
    return taken == (int)sizeof bytes;
}

/* 128 samples take 0.8 ms of SPI; the next watermark is 4.8 ms away. */
static void on_watermark(uint pin, uint32_t events)
{
    const uint64_t now = time_us_64();
    (void)pin;
    (void)events;
    iis3dwb_drain(&sensor, &queue, now);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return time_us_64();
}

static size_t write_uart(void *context, const uint8_t *bytes, size_t size)
{
    size_t written = 0;
    (void)context;
    while (written < size && uart_is_writable(uart0)) {
        uart_putc_raw(uart0, (char)bytes[written++]);
    }
    return written;
}

static void set_up_pins(void)
{
    uart_init(uart0, BAUD);
    gpio_set_function(PIN_TX, GPIO_FUNC_UART);
    spi_init(spi0, SPI_HZ);
    spi_set_format(spi0, 8, SPI_CPOL_1, SPI_CPHA_1, SPI_MSB_FIRST);
    gpio_set_function(PIN_MISO, GPIO_FUNC_SPI);
    gpio_set_function(PIN_SCK, GPIO_FUNC_SPI);
    gpio_set_function(PIN_MOSI, GPIO_FUNC_SPI);
    gpio_init(PIN_CS);
    gpio_set_dir(PIN_CS, GPIO_OUT);
    gpio_put(PIN_CS, true);
    gpio_init(PIN_INT1);
    gpio_set_dir(PIN_INT1, GPIO_IN);
}

int main(void)
{
    static const struct sensor_bus bus = {.read = read_registers, .write = write_register};
    static const struct vbp_port port = {.now_us = now_us, .write = write_uart};
    static struct vbp_description description;
    static struct vbp_stream stream = {.queue = &queue, .format = VBP_I16, .clip_level = IIS3DWB_CLIP_LEVEL};
    static struct vbp_hello hello = {
        .firmware = "iis3dwb 1.0", .board = "pico", .max_frame = 2048, .hello_ms = 5000, .status_ms = 1000,
        .n_streams = 1,
    };
    static uint8_t control[VBP_CONTROL_BYTES(1u)];
    static uint8_t chunk[64];
    static struct vbp_sender sender;
    const struct vbp_sender_config config = {
        .port = &port, .hello = &hello, .descriptions = &description, .streams = &stream,
        .control = control, .control_bytes = sizeof control, .chunk = chunk, .chunk_bytes = sizeof chunk,
    };
    pico_unique_board_id_t board;

    set_up_pins();
    pico_get_unique_board_id(&board);
    memcpy(hello.uid, board.id, sizeof board.id);
    hello.header.session = (uint16_t)get_rand_32();
    description = iis3dwb_description(BLOCK_SAMPLES);
    vbp_queue_init(&queue, blocks, (uint8_t *)bodies, SLOTS, BLOCK_SAMPLES, 3, VBP_I16);
    hard_assert(vbp_sender_begin(&sender, &config));
    while (!iis3dwb_start(&sensor, &bus, sleep_ms, time_us_64())) {
        vbp_sender_log(&sender, 3, "no IIS3DWB answers; check its wiring");
        vbp_sender_poll(&sender);
        sleep_ms(1000);
    }
    gpio_set_irq_enabled_with_callback(PIN_INT1, GPIO_IRQ_LEVEL_HIGH, true, on_watermark);
    for (;;) {
        vbp_sender_poll(&sender);
    }
}
