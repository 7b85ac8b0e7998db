/* Declarations of the Arduino core that the sketches use; see README.md. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LOW 0
#define HIGH 1
#define INPUT 0
#define OUTPUT 1
#define RISING 3
#define MSBFIRST 1
#define A0 26

void pinMode(int pin, int mode);
void digitalWrite(int pin, int value);
int digitalRead(int pin);
int analogRead(int pin);
int digitalPinToInterrupt(int pin);
void attachInterrupt(int interrupt, void (*handler)(), int mode);
uint32_t micros();
void delay(uint32_t ms);
void delayMicroseconds(uint32_t us);
void setup();
void loop();

struct SerialPort {
    void begin(uint32_t baud);
    int availableForWrite();
    size_t write(const uint8_t *bytes, size_t size);
};
extern SerialPort Serial;

#endif
