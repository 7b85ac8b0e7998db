/*
 * ADXL345 on an ESP32 with ESP-IDF: one task samples when the watermark interrupt wakes it, another sends.
 *
 *   ADXL345   CS -> IO5   SDI -> IO23   SDO -> IO19   SCL -> IO18   INT1 -> IO4       frames: UART1, TX on IO17
 *
 * main/CMakeLists.txt needs: idf_component_register(SRCS main.c, the C files of ../../src, ../../sensors/adxl345.c
 * INCLUDE_DIRS ../../src ../../sensors REQUIRES driver esp_timer). The two tasks may run on two cores.
 */
#include <string.h>

#include "driver/gpio.h"
#include "driver/spi_master.h"
#include "driver/uart.h"
#include "esp_err.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include "adxl345.h"
#include "vbp.h"

#define PIN_CS 5
#define PIN_SCK 18
#define PIN_MISO 19
#define PIN_MOSI 23
#define PIN_INT1 4
#define PIN_TX 17
#define BAUD 460800
#define SPI_HZ 5000000
#define BLOCK_SAMPLES 128u /* 40 ms */
#define SLOTS 8u
#define TX_BUFFER_BYTES 512

/* The application's own; the library keeps nothing. */
static struct vbp_block blocks[SLOTS];
static uint32_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK_SAMPLES, 3u, VBP_I16) / 4u];
static struct vbp_queue queue;
static struct adxl345 sensor;
static spi_device_handle_t spi;
static TaskHandle_t sampler;

static bool transfer(uint8_t command, const uint8_t *out, uint8_t *in, size_t size)
{
    spi_transaction_t transaction = {
        .cmd = command, .length = 8 * size, .rxlength = in == NULL ? 0 : 8 * size, .tx_buffer = out, .rx_buffer = in,
    };
    return spi_device_polling_transmit(spi, &transaction) == ESP_OK;
}

static bool read_registers(void *context, uint8_t command, uint8_t *bytes, size_t size)
{
    (void)context;
    const bool sound = transfer(command, NULL, bytes, size);
    esp_rom_delay_us(4); /* the chip needs 5 us between two samples */
    return sound;
}

static bool write_register(void *context, uint8_t command, uint8_t value)
{
    (void)context;
    return transfer(command, &value, NULL, 1);
}

static void on_watermark(void *context)
{
    BaseType_t woken = pdFALSE;
    (void)context;
    vTaskNotifyGiveFromISR(sampler, &woken);
    portYIELD_FROM_ISR(woken);
}

static uint64_t now_us(void *context)
{
    (void)context;
    return (uint64_t)esp_timer_get_time();
}

static size_t write_uart(void *context, const uint8_t *bytes, size_t size)
{
    size_t room = 0;
    (void)context;
    if (uart_get_tx_buffer_free_size(UART_NUM_1, &room) != ESP_OK || room == 0) {
        return 0;
    }
    const int written = uart_write_bytes(UART_NUM_1, bytes, size < room ? size : room);
    return written > 0 ? (size_t)written : 0;
}

static void set_up_pins(void)
{
    const uart_config_t uart = {.baud_rate = BAUD, .data_bits = UART_DATA_8_BITS, .parity = UART_PARITY_DISABLE,
                                .stop_bits = UART_STOP_BITS_1, .flow_ctrl = UART_HW_FLOWCTRL_DISABLE};
    const spi_bus_config_t lines = {.mosi_io_num = PIN_MOSI, .miso_io_num = PIN_MISO, .sclk_io_num = PIN_SCK,
                                    .quadwp_io_num = -1, .quadhd_io_num = -1};
    const spi_device_interface_config_t device = {.command_bits = 8, .mode = 3, .clock_speed_hz = SPI_HZ,
                                                  .spics_io_num = PIN_CS, .queue_size = 1};
    const gpio_config_t interrupt = {.pin_bit_mask = UINT64_C(1) << PIN_INT1, .mode = GPIO_MODE_INPUT,
                                     .intr_type = GPIO_INTR_POSEDGE};
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_1, 256, TX_BUFFER_BYTES, 0, NULL, 0));
    ESP_ERROR_CHECK(uart_param_config(UART_NUM_1, &uart));
    ESP_ERROR_CHECK(uart_set_pin(UART_NUM_1, PIN_TX, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE));
    ESP_ERROR_CHECK(spi_bus_initialize(SPI2_HOST, &lines, SPI_DMA_DISABLED));
    ESP_ERROR_CHECK(spi_bus_add_device(SPI2_HOST, &device, &spi));
    ESP_ERROR_CHECK(gpio_config(&interrupt));
    ESP_ERROR_CHECK(gpio_install_isr_service(0));
}

/* Owns the chip and the queue's filling side. Waking at least every 10 ms bounds what a missed edge costs. */
static void sample_task(void *context)
{
    static const struct sensor_bus bus = {.read = read_registers, .write = write_register};
    (void)context;
    sampler = xTaskGetCurrentTaskHandle();
    ESP_ERROR_CHECK(gpio_isr_handler_add(PIN_INT1, on_watermark, NULL));
    while (!adxl345_start(&sensor, &bus, now_us(NULL))) {
        vbp_queue_bus_error(&queue); /* seen in every STATUS */
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
    for (;;) {
        ulTaskNotifyTake(pdTRUE, pdMS_TO_TICKS(10));
        adxl345_drain(&sensor, &queue, now_us(NULL));
    }
}

void app_main(void)
{
    static const struct vbp_port port = {.now_us = now_us, .write = write_uart};
    static struct vbp_description description;
    static struct vbp_stream stream = {.queue = &queue, .format = VBP_I16, .clip_level = ADXL345_CLIP_LEVEL};
    static struct vbp_hello hello = {
        .firmware = "adxl345 1.0", .board = "esp32", .max_frame = 1024, .hello_ms = 5000, .status_ms = 1000,
        .n_streams = 1,
    };
    static uint8_t control[VBP_CONTROL_BYTES(1u)];
    static uint8_t chunk[64];
    static struct vbp_sender sender;
    const struct vbp_sender_config config = {
        .port = &port, .hello = &hello, .descriptions = &description, .streams = &stream,
        .control = control, .control_bytes = sizeof control, .chunk = chunk, .chunk_bytes = sizeof chunk,
    };

    ESP_ERROR_CHECK(esp_efuse_mac_get_default(hello.uid));
    hello.header.session = (uint16_t)esp_random();
    description = adxl345_description(BLOCK_SAMPLES);
    vbp_queue_init(&queue, blocks, (uint8_t *)bodies, SLOTS, BLOCK_SAMPLES, 3, VBP_I16);
    ESP_ERROR_CHECK(vbp_sender_begin(&sender, &config) ? ESP_OK : ESP_FAIL);
    set_up_pins();
    xTaskCreate(sample_task, "sample", 3072, NULL, 10, NULL);
    for (;;) {
        if (vbp_sender_poll(&sender)) {
            vTaskDelay(1); /* the UART is full */
        } else {
            vTaskDelay(pdMS_TO_TICKS(5));
        }
    }
}
