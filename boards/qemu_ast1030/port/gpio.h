// Pins as levels and edges. A pin is a number: 0 = A0, 8 = B0, up to 127 = P7; QEMU calls them gpioA0 and so on.
#ifndef ANJU_GPIO_H
#define ANJU_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "retained.h"

#define GPIO_PINS (GPIO_SETS * 32)
#define GPIO_PORT(pin) ('A' + (pin) / 8)
#define GPIO_BIT(pin) ((pin) % 8)

// M6 and M7 do not exist.
bool gpio_exists(unsigned pin);

void gpio_init(void);
void gpio_input(unsigned pin);
void gpio_output(unsigned pin);
bool gpio_is_output(unsigned pin);
bool gpio_read(unsigned pin);
void gpio_write(unsigned pin, bool level);

// Provided by machine_pin's side (port_pin.c): an input moved; both are true for a pulse too short to be seen.
void pin_edge(unsigned pin, bool rose, bool fell);

// For clock.c.
void gpio_ring(uint64_t now_us);

#endif
