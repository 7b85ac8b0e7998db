/*
 * ADXL345 on an Arduino-style board (RP2040, ESP32, STM32, SAMD): 3 x 3200 Hz at 460 800 baud, or over USB.
 *
 *   ADXL345   CS -> PIN_CS   SDA/SDI -> MOSI   SDO -> MISO   SCL -> SCK   INT1 -> PIN_INT1   3.3 V and GND
 *
 * Install: copy ../../src and ../../sensors into the sketch's src/ folder, or make them a library. An 8-bit AVR has
 * neither the memory nor the speed for this.
 */
#include <Arduino.h>
#include <SPI.h>

#include "adxl345.h"
#include "vbp.h"

static const int PIN_CS = 17;
static const int PIN_INT1 = 20;
static const uint32_t BAUD = 460800; /* without effect where Serial is USB */
static const uint32_t SPI_HZ = 5000000;
static const uint16_t BLOCK_SAMPLES = 128; /* 40 ms */
static const uint8_t SLOTS = 8;            /* 7 x 40 ms bridge a stall of a quarter of a second */

static struct vbp_block blocks[SLOTS];
static uint32_t bodies[SLOTS * VBP_BLOCK_BYTES(BLOCK_SAMPLES, 3u, VBP_I16) / 4u];
static uint8_t control[VBP_CONTROL_BYTES(1u)];
static uint8_t chunk[64];
static struct vbp_queue queue;
static struct vbp_description description;
static struct vbp_stream stream;
static struct vbp_hello hello;
static struct vbp_port port;
static struct vbp_sender sender;
static struct sensor_bus bus;
static struct adxl345 sensor;
static struct vbp_clock watermark_clock;
static struct vbp_clock sender_clock;
static volatile uint32_t watermark_us;
static volatile bool watermark;

static void on_watermark()
{
    watermark_us = micros();
    watermark = true;
}

static bool read_registers(void *, uint8_t command, uint8_t *bytes, size_t size)
{
    SPI.beginTransaction(SPISettings(SPI_HZ, MSBFIRST, SPI_MODE3));
    digitalWrite(PIN_CS, LOW);
    SPI.transfer(command);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = SPI.transfer(0);
    }
    digitalWrite(PIN_CS, HIGH);
    SPI.endTransaction();
    delayMicroseconds(4); /* the chip needs 5 us between two samples */
    return true;
}

static bool write_register(void *, uint8_t command, uint8_t value)
{
    SPI.beginTransaction(SPISettings(SPI_HZ, MSBFIRST, SPI_MODE3));
    digitalWrite(PIN_CS, LOW);
    SPI.transfer(command);
    SPI.transfer(value);
    digitalWrite(PIN_CS, HIGH);
    SPI.endTransaction();
    return true;
}

static uint64_t now_us(void *)
{
    return vbp_clock_extend(&sender_clock, micros());
}

static size_t write_serial(void *, const uint8_t *bytes, size_t size)
{
    const int room = Serial.availableForWrite();
    const size_t fits = room > 0 ? (size_t)room : 0;
    return Serial.write(bytes, size < fits ? size : fits);
}

/* No random source that all boards share: the noise of an open analog pin, and how long the start took. */
static uint16_t draw_session()
{
    uint32_t noise = micros();
    for (int i = 0; i < 32; i++) {
        noise = noise * 1664525u + (uint32_t)analogRead(A0);
    }
    return (uint16_t)(noise >> 16);
}

static void introduce()
{
    memcpy(hello.uid, "adxl345 no. 1", 13); /* the chip's own id, where the board gives one */
    memcpy(hello.firmware, "adxl345 1.0", 11);
    memcpy(hello.board, "arduino", 7);
    hello.header.session = draw_session();
    hello.max_frame = 1024;
    hello.hello_ms = 5000;
    hello.status_ms = 1000;
    hello.n_streams = 1;
    description = adxl345_description(BLOCK_SAMPLES);
    stream.queue = &queue;
    stream.format = VBP_I16;
    stream.clip_level = ADXL345_CLIP_LEVEL;
}

static bool begin_sender()
{
    struct vbp_sender_config config;
    port.now_us = now_us;
    port.write = write_serial;
    config.port = &port;
    config.hello = &hello;
    config.descriptions = &description;
    config.streams = &stream;
    config.control = control;
    config.control_bytes = sizeof control;
    config.chunk = chunk;
    config.chunk_bytes = sizeof chunk;
    return vbp_sender_begin(&sender, &config);
}

void setup()
{
    Serial.begin(BAUD);
    pinMode(PIN_CS, OUTPUT);
    digitalWrite(PIN_CS, HIGH);
    pinMode(PIN_INT1, INPUT);
    SPI.begin();
    vbp_queue_init(&queue, blocks, (uint8_t *)bodies, SLOTS, BLOCK_SAMPLES, 3, VBP_I16);
    introduce();
    while (!begin_sender()) {
        delay(1000); /* a limit is broken: mend the constants above */
    }
    bus.read = read_registers;
    bus.write = write_register;
    attachInterrupt(digitalPinToInterrupt(PIN_INT1), on_watermark, RISING);
    while (!adxl345_start(&sensor, &bus, vbp_clock_extend(&watermark_clock, micros()))) {
        vbp_sender_log(&sender, 3, "no ADXL345 answers; check its wiring");
        vbp_sender_poll(&sender);
        delay(1000);
    }
}

void loop()
{
    /* The pin is asked too: an edge during `drain` would otherwise be waited for in vain. */
    if (watermark || digitalRead(PIN_INT1) == HIGH) {
        const uint32_t seen_us = watermark ? watermark_us : micros();
        watermark = false;
        adxl345_drain(&sensor, &queue, vbp_clock_extend(&watermark_clock, seen_us));
    }
    vbp_sender_poll(&sender);
}
