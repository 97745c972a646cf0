// From a register to an edge. Every input interrupts at both edges, whoever listens: `retained->levels` must always be right.
#include "ast1030.h"
#include "clock.h"
#include "gpio.h"
#include "probe.h"

#define POLL_US (1000)

typedef struct {
    uint32_t data, direction, enable, dual_edge, status, written;
} gpio_set_t;

static const gpio_set_t sets[GPIO_SETS] = {
    {0x7e780000, 0x7e780004, 0x7e780008, 0x7e780014, 0x7e780018, 0x7e7800c0}, // A to D
    {0x7e780020, 0x7e780024, 0x7e780028, 0x7e780034, 0x7e780038, 0x7e7800c4}, // E to H
    {0x7e780070, 0x7e780074, 0x7e780098, 0x7e7800a4, 0x7e7800a8, 0x7e7800c8}, // I to L
    {0x7e780078, 0x7e78007c, 0x7e7800e8, 0x7e7800f4, 0x7e7800f8, 0x7e7800cc}, // M to P
};
static const uint32_t existing[GPIO_SETS] = {~0u, ~0u, ~0u, 0xffffff3f};

static void set_bit(uint32_t address, uint32_t mask, bool level) {
    uint32_t state = interrupts_mask();
    REG32(address) = level ? REG32(address) | mask : REG32(address) & ~mask;
    interrupts_restore(state);
}

bool gpio_exists(unsigned pin) {
    return pin < GPIO_PINS && existing[pin / 32] & BIT(pin % 32);
}

bool gpio_is_output(unsigned pin) {
    return REG32(sets[pin / 32].direction) & BIT(pin % 32);
}

bool gpio_read(unsigned pin) {
    return REG32(sets[pin / 32].data) & BIT(pin % 32);
}

void gpio_input(unsigned pin) {
    set_bit(sets[pin / 32].direction, BIT(pin % 32), false);
}

void gpio_output(unsigned pin) {
    set_bit(sets[pin / 32].direction, BIT(pin % 32), true);
}

void gpio_write(unsigned pin, bool level) {
    const gpio_set_t *set = &sets[pin / 32];
    uint32_t mask = BIT(pin % 32);
    bool moves = gpio_is_output(pin) && gpio_read(pin) != level;
    uint32_t state = interrupts_mask();
    uint32_t data = level ? REG32(set->written) | mask : REG32(set->written) & ~mask;
    REG32(set->data) = data;
    interrupts_restore(state);
    if (moves) {
        probe_pin("gpio", pin, level);
    }
}

// Tell of what moved in one set since the last look, and of pulses that only left their status bit.
static void report(unsigned index, uint32_t status) {
    uint32_t inputs = ~REG32(sets[index].direction) & existing[index];
    uint32_t levels = REG32(sets[index].data) & inputs;
    uint32_t moved = ((levels ^ retained->levels[index]) | status) & inputs;
    uint32_t pulses = moved & ~(levels ^ retained->levels[index]);
    retained->levels[index] = levels;
    while (moved) {
        unsigned bit = __builtin_ctz(moved);
        moved &= moved - 1;
        bool level = levels & BIT(bit);
        bool pulse = pulses & BIT(bit);
        probe_pin("gpio", index * 32 + bit, level);
        pin_edge(index * 32 + bit, level || pulse, !level || pulse);
    }
}

void GPIO_Handler(void) {
    uint32_t any = 0;
    for (unsigned index = 0; index < GPIO_SETS; index++) {
        uint32_t status = REG32(sets[index].status);
        if (status) {
            REG32(sets[index].status) = status;
            report(index, status);
        }
        any |= status;
    }
    clock_notify();
    if (!any) {
        // QEMU counts edges but clears bits: after two edges of a pin within one service its interrupt line stays up for
        // good. Then look once a millisecond instead.
        irq_disable(IRQ_GPIO);
        gpio_ring(clock_us());
    }
}

void gpio_ring(uint64_t now_us) {
    for (unsigned index = 0; index < GPIO_SETS; index++) {
        uint32_t status = REG32(sets[index].status);
        REG32(sets[index].status) = status;
        report(index, status);
    }
    clock_notify();
    clock_alarm(ALARM_GPIO, now_us + POLL_US);
}

void gpio_init(void) {
    for (unsigned index = 0; index < GPIO_SETS; index++) {
        const gpio_set_t *set = &sets[index];
        REG32(set->enable) = 0;
        if (retained->levels[index] & ~REG32(set->data)) {
            // A reset of QEMU put the inputs low: drive them as outputs for a moment and leave them so.
            REG32(set->direction) = retained->levels[index];
            REG32(set->data) = retained->levels[index];
        }
        REG32(set->direction) = 0;
        REG32(set->dual_edge) = existing[index];
        REG32(set->status) = ~0u;
        retained->levels[index] = REG32(set->data) & existing[index];
        REG32(set->enable) = existing[index];
    }
    irq_enable(IRQ_GPIO);
}
