/*
 * SPI as a sensor driver needs it: chip select low, one command byte, data, chip select high.
 *
 * Command bits (read, auto-increment) are the driver's business; pins, clock speed and mode are the board's.
 */
#ifndef SENSOR_BUS_H
#define SENSOR_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sensor_bus {
    void *context;
    bool (*read)(void *context, uint8_t command, uint8_t *bytes, size_t size);
    bool (*write)(void *context, uint8_t command, uint8_t value);
};

/* Writes a register and reads it back: a loose wire is found at the start, not in the data. */
static inline bool sensor_bus_set(const struct sensor_bus *bus, uint8_t write, uint8_t read, uint8_t value)
{
    uint8_t found = (uint8_t)~value;
    return bus->write(bus->context, write, value) && bus->read(bus->context, read, &found, 1) && found == value;
}

#endif
