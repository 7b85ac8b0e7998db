#include "adxl345.h"

#define READ 0x80u
#define MULTIPLE 0x40u

enum {
    DEVID = 0x00,
    BW_RATE = 0x2C,
    POWER_CTL = 0x2D,
    INT_ENABLE = 0x2E,
    INT_MAP = 0x2F,
    INT_SOURCE = 0x30,
    DATA_FORMAT = 0x31,
    DATAX0 = 0x32,
    FIFO_CTL = 0x38,
    FIFO_STATUS = 0x39
};

#define ADXL345_ID 0xE5u
#define OVERRUN 0x01u
#define ENTRIES 0x3Fu
#define SAMPLE_BYTES 6u
#define RATE_MHZ 3200000u

struct vbp_description adxl345_description(uint16_t block_samples)
{
    const struct vbp_description description = {
        .rate_nominal_mhz = RATE_MHZ,
        .scale_nano_g = 3906250, /* 256 LSB per g in full resolution, whatever the range */
        .full_scale_mg = 16000,
        .bandwidth_hz = 1600,
        .block_samples = block_samples,
        .n_axes = 3,
        .bits = 13,
        .quantity = 1,
        .axes = "xyz",
        .sensor = "ADXL345",
    };
    return description;
}

static bool set(const struct sensor_bus *bus, uint8_t reg, uint8_t value)
{
    return sensor_bus_set(bus, reg, reg | READ, value);
}

bool adxl345_start(struct adxl345 *sensor, const struct sensor_bus *bus, uint64_t now_us)
{
    uint8_t id = 0;
    sensor->bus = bus;
    sensor->fifo.rate_mhz = RATE_MHZ;
    sensor->fifo.emptied_us = now_us;
    return bus->read(bus->context, DEVID | READ, &id, 1) && id == ADXL345_ID
        && set(bus, POWER_CTL, 0x00)                     /* standby while settings change */
        && set(bus, DATA_FORMAT, 0x0B)                   /* full resolution, +-16 g */
        && set(bus, BW_RATE, 0x0F)                       /* 3200 Hz */
        && set(bus, INT_MAP, 0x00)                       /* all on INT1 */
        && set(bus, FIFO_CTL, 0x00)                      /* bypass: empties the FIFO */
        && set(bus, FIFO_CTL, 0x80 | ADXL345_WATERMARK)  /* stream: the newest 32 samples stay */
        && set(bus, INT_ENABLE, 0x02)                    /* watermark */
        && set(bus, POWER_CTL, 0x08);                    /* measure */
}

/* The numbers have 13 bits, so the top nibble of each repeats its sign: a glitch on the bus shows there. */
static bool plausible(const uint8_t *sample)
{
    for (unsigned axis = 0; axis < 3; axis++) {
        const unsigned sign = sample[2 * axis + 1] & 0xF0u;
        if (sign != 0 && sign != 0xF0u) {
            return false;
        }
    }
    return true;
}

static bool take_sample(struct adxl345 *sensor, struct vbp_queue *queue, uint64_t sample_us, uint64_t now_us)
{
    uint8_t *place = vbp_queue_place(queue);
    const struct sensor_bus *bus = sensor->bus;
    if (bus->read(bus->context, DATAX0 | READ | MULTIPLE, place, SAMPLE_BYTES) && plausible(place)) {
        vbp_queue_add(queue, 1, sample_us, now_us);
        return true;
    }
    vbp_queue_bus_error(queue); /* reading took the sample out of the FIFO: it cannot be read again */
    vbp_queue_lose(queue, 1, now_us);
    return false;
}

bool adxl345_drain(struct adxl345 *sensor, struct vbp_queue *queue, uint64_t now_us)
{
    const struct sensor_bus *bus = sensor->bus;
    uint8_t source = 0;
    uint8_t status = 0;
    bool sound = true;
    if (!bus->read(bus->context, INT_SOURCE | READ, &source, 1)
        || !bus->read(bus->context, FIFO_STATUS | READ, &status, 1)) {
        vbp_queue_bus_error(queue);
        return false;
    }
    const uint32_t waiting = status & ENTRIES;
    const uint64_t first_us = sensor_fifo_first_us(&sensor->fifo, waiting, now_us);
    if ((source & OVERRUN) != 0) {
        sensor_fifo_overran(&sensor->fifo, queue, waiting, now_us);
    }
    for (uint32_t i = 0; i < waiting; i++) {
        const bool taken = take_sample(sensor, queue, first_us + sensor_fifo_span_us(&sensor->fifo, i), now_us);
        sound = taken && sound;
    }
    sensor->fifo.emptied_us = now_us;
    return sound;
}
