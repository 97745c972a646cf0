#ifndef ANJU_PORT_PIN_H
#define ANJU_PORT_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "py/obj.h"

extern const mp_obj_type_t machine_pin_type;

// The pin of an object, a name or a number; ValueError if there is none.
unsigned pin_number(mp_obj_t pin);

// What may wake: bits of Pin.irq(wake=...), as machine.SLEEP and machine.DEEPSLEEP.
#define PIN_WAKE_SLEEP (1)
#define PIN_WAKE_DEEPSLEEP (2)

// Forget the edges seen so far, then ask whether a pin that may wake from `kind` has what it was armed for,
// and which: a bit each in GPIO_SETS words.
void pin_wake_arm(void);
bool pin_wake_seen(unsigned kind, uint32_t *pins);

// Outputs fall back to inputs, as at a reset.
void pin_rest(void);

// After a soft reset nobody listens either.
void pin_deinit(void);

#endif
