/* Declarations of Arduino's SPI library that the sketches use; see README.md. */
#ifndef SPI_H
#define SPI_H

#include <stddef.h>
#include <stdint.h>

#define SPI_MODE3 3

struct SPISettings {
    SPISettings(uint32_t clock_hz, int bit_order, int mode);
};

struct SPIBus {
    void begin();
    void beginTransaction(SPISettings settings);
    void endTransaction();
    uint8_t transfer(uint8_t byte);
    void transfer(void *bytes, size_t size);
};
extern SPIBus SPI;

#endif
