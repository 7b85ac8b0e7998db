#include "iis3dwb.h"

#include <string.h>

#define READ 0x80u

enum {
    FIFO_CTRL1 = 0x07,
    FIFO_CTRL2 = 0x08,
    FIFO_CTRL3 = 0x09,
    FIFO_CTRL4 = 0x0A,
    INT1_CTRL = 0x0D,
    WHO_AM_I = 0x0F,
    CTRL1_XL = 0x10,
    CTRL3_C = 0x12,
    CTRL4_C = 0x13,
    FIFO_STATUS1 = 0x3A,
    INTERNAL_FREQ_FINE = 0x63,
    FIFO_DATA_OUT_TAG = 0x78
};

#define IIS3DWB_ID 0x7Bu
#define RESET 0x01u
#define RESET_MS 10u
#define TAG_ACCELERATION 0x02u
#define NOMINAL_MHZ 26667000
#define FINE_STEP_MHZ 40000 /* 0.15 % of the nominal rate per step of INTERNAL_FREQ_FINE */

struct vbp_description iis3dwb_description(uint16_t block_samples)
{
    const struct vbp_description description = {
        .rate_nominal_mhz = NOMINAL_MHZ,
        .scale_nano_g = 488000,
        .full_scale_mg = 16000,
        .bandwidth_hz = 6300,
        .block_samples = block_samples,
        .n_axes = 3,
        .bits = 16,
        .quantity = 1,
        .axes = "xyz",
        .sensor = "IIS3DWB",
    };
    return description;
}

static bool set(const struct sensor_bus *bus, uint8_t reg, uint8_t value)
{
    return sensor_bus_set(bus, reg, (uint8_t)(reg | READ), value);
}

/* The chip knows how far its oscillator is off nominal, to about 0.15 %. */
static bool read_rate(struct iis3dwb *sensor)
{
    uint8_t fine = 0;
    if (!sensor->bus->read(sensor->bus->context, INTERNAL_FREQ_FINE | READ, &fine, 1)) {
        return false;
    }
    const int steps = fine < 128 ? fine : fine - 256;
    sensor->fifo.rate_mhz = (uint32_t)(NOMINAL_MHZ + steps * FINE_STEP_MHZ);
    return true;
}

bool iis3dwb_start(struct iis3dwb *sensor, const struct sensor_bus *bus, void (*pause_ms)(uint32_t), uint64_t now_us)
{
    uint8_t id = 0;
    sensor->bus = bus;
    if (!bus->read(bus->context, WHO_AM_I | READ, &id, 1) || id != IIS3DWB_ID) {
        return false;
    }
    if (!bus->write(bus->context, CTRL3_C, RESET)) {
        return false;
    }
    pause_ms(RESET_MS);
    sensor->fifo.emptied_us = now_us + RESET_MS * UINT64_C(1000);
    return read_rate(sensor)
        && set(bus, CTRL3_C, 0x44)                      /* the bytes of a number from one moment; addresses count up */
        && set(bus, CTRL4_C, 0x04)                      /* no I2C */
        && set(bus, FIFO_CTRL1, IIS3DWB_WATERMARK & 0xFF)
        && set(bus, FIFO_CTRL2, IIS3DWB_WATERMARK >> 8)
        && set(bus, FIFO_CTRL3, 0x0A)                   /* every sample into the FIFO */
        && set(bus, FIFO_CTRL4, 0x06)                   /* continuous: the newest stay; no time, no temperature */
        && set(bus, INT1_CTRL, 0x08)                    /* watermark */
        && set(bus, CTRL1_XL, 0xA4);                    /* 26.667 kHz, +-16 g */
}

static bool read_burst(struct iis3dwb *sensor, struct vbp_queue *queue, uint32_t words)
{
    const struct sensor_bus *bus = sensor->bus;
    if (bus->read(bus->context, FIFO_DATA_OUT_TAG | READ, sensor->burst, words * IIS3DWB_WORD_BYTES)) {
        return true;
    }
    vbp_queue_bus_error(queue);
    return false;
}

static bool take_word(struct vbp_queue *queue, const uint8_t *word, uint64_t sample_us, uint64_t now_us)
{
    if (word[0] >> 3 != TAG_ACCELERATION) {
        vbp_queue_bus_error(queue);
        vbp_queue_lose(queue, 1, now_us); /* reading took it out of the FIFO: it cannot be read again */
        return false;
    }
    memcpy(vbp_queue_place(queue), word + 1, IIS3DWB_WORD_BYTES - 1);
    vbp_queue_add(queue, 1, sample_us, now_us);
    return true;
}

bool iis3dwb_drain(struct iis3dwb *sensor, struct vbp_queue *queue, uint64_t now_us)
{
    uint8_t status[2] = {0, 0};
    if (!sensor->bus->read(sensor->bus->context, FIFO_STATUS1 | READ, status, sizeof status)) {
        vbp_queue_bus_error(queue);
        return false;
    }
    const uint32_t waiting = status[0] | (status[1] & 3u) << 8;
    const uint64_t first_us = sensor_fifo_first_us(&sensor->fifo, waiting, now_us);
    bool sound = true;
    if ((status[1] & 0x48u) != 0) { /* ran over now, or since the status was last read */
        sensor_fifo_overran(&sensor->fifo, queue, waiting, now_us);
    }
    for (uint32_t done = 0; done < waiting;) {
        const uint32_t left = waiting - done;
        const uint32_t words = left < IIS3DWB_BURST_WORDS ? left : IIS3DWB_BURST_WORDS;
        if (!read_burst(sensor, queue, words)) {
            vbp_queue_lose(queue, words, now_us);
            sound = false;
        } else {
            for (uint32_t i = 0; i < words; i++) {
                const uint64_t sample_us = first_us + sensor_fifo_span_us(&sensor->fifo, done + i);
                const bool taken = take_word(queue, sensor->burst + i * IIS3DWB_WORD_BYTES, sample_us, now_us);
                sound = taken && sound;
            }
        }
        done += words;
    }
    sensor->fifo.emptied_us = now_us;
    return sound;
}
