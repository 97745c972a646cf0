// What is in `machine` beside the classes; included by extmod/modmachine.c.
#include "py/mphal.h"

#include "ast1030.h"
#include "clock.h"
#include "port_machine.h"
#include "port_pin.h"
#include "probe.h"
#include "retained.h"
#include "startup.h"
#include "watchdog.h"

#define MICROPY_PY_MACHINE_EXTRA_GLOBALS \
    { MP_ROM_QSTR(MP_QSTR_Pin), MP_ROM_PTR(&machine_pin_type) }, \
    { MP_ROM_QSTR(MP_QSTR_RTC), MP_ROM_PTR(&machine_rtc_type) }, \
    { MP_ROM_QSTR(MP_QSTR_Timer), MP_ROM_PTR(&machine_timer_type) }, \
    { MP_ROM_QSTR(MP_QSTR_wake_reason), MP_ROM_PTR(&machine_wake_reason_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_wake_pins), MP_ROM_PTR(&machine_wake_pins_obj) }, \
    { MP_ROM_QSTR(MP_QSTR_PWRON_RESET), MP_ROM_INT(RESET_POWER_ON) }, \
    { MP_ROM_QSTR(MP_QSTR_HARD_RESET), MP_ROM_INT(RESET_HARD) }, \
    { MP_ROM_QSTR(MP_QSTR_WDT_RESET), MP_ROM_INT(RESET_WATCHDOG) }, \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP_RESET), MP_ROM_INT(RESET_DEEP_SLEEP) }, \
    { MP_ROM_QSTR(MP_QSTR_SOFT_RESET), MP_ROM_INT(RESET_SOFT) }, \
    { MP_ROM_QSTR(MP_QSTR_PIN_WAKE), MP_ROM_INT(WAKE_PIN) }, \
    { MP_ROM_QSTR(MP_QSTR_TIMER_WAKE), MP_ROM_INT(WAKE_TIMER) }, \
    { MP_ROM_QSTR(MP_QSTR_SLEEP), MP_ROM_INT(PIN_WAKE_SLEEP) }, \
    { MP_ROM_QSTR(MP_QSTR_DEEPSLEEP), MP_ROM_INT(PIN_WAKE_DEEPSLEEP) }, \

extern const mp_obj_type_t machine_timer_type;

static void mp_machine_idle(void) {
    mp_event_wait_ms(1);
}

NORETURN static void mp_machine_reset(void) {
    retained_reset_cause(RESET_HARD);
    startup_reset();
}

static mp_int_t mp_machine_reset_cause(void) {
    return retained->cause;
}

static mp_obj_t machine_wake_reason(void) {
    return MP_OBJ_NEW_SMALL_INT(retained->woken_by);
}
static MP_DEFINE_CONST_FUN_OBJ_0(machine_wake_reason_obj, machine_wake_reason);

// Numbers of the pins that ended the latest sleep, as on an ESP32; none if it was the time.
static mp_obj_t machine_wake_pins(void) {
    mp_obj_t pins[32 * GPIO_SETS];
    size_t count = 0;
    for (unsigned pin = 0; pin < MP_ARRAY_SIZE(pins); pin++) {
        if (retained->woken_pins[pin / 32] >> pin % 32 & 1) {
            pins[count++] = MP_OBJ_NEW_SMALL_INT(pin);
        }
    }
    return mp_obj_new_tuple(count, pins);
}
static MP_DEFINE_CONST_FUN_OBJ_0(machine_wake_pins_obj, machine_wake_pins);

static mp_obj_t mp_machine_unique_id(void) {
    return mp_obj_new_bytes(retained_unique_id(), UNIQUE_ID_BYTES);
}

static mp_obj_t mp_machine_get_freq(void) {
    return MP_OBJ_NEW_SMALL_INT(CPU_HZ);
}

static void mp_machine_set_freq(size_t n_args, const mp_obj_t *args) {
    mp_raise_NotImplementedError(MP_ERROR_TEXT("the frequency is fixed"));
}

static bool is_interrupted(void) {
    return MP_STATE_MAIN_THREAD(mp_pending_exception) != MP_OBJ_NULL;
}

// Stand still until a pin armed for `kind`, or the time. Ctrl-C wakes a light sleep, for the person at the REPL.
static wake_reason_t sleep(unsigned kind, size_t n_args, const mp_obj_t *args) {
    uint64_t until_us = NEVER;
    if (n_args && args[0] != mp_const_none) {
        mp_int_t ms = mp_obj_get_int(args[0]);
        until_us = clock_us() + (uint64_t)MAX(ms, 0) * 1000;
    }
    pin_wake_arm();
    watchdog_pause();
    probe("sleep", kind);
    wake_reason_t reason = WAKE_NONE;
    while (reason == WAKE_NONE && !(kind == PIN_WAKE_SLEEP && is_interrupted())) {
        if (pin_wake_seen(kind, retained->woken_pins)) {
            reason = WAKE_PIN;
        } else if (clock_us() >= until_us) {
            reason = WAKE_TIMER;
        } else {
            clock_wait(until_us);
        }
    }
    probe("sleep", 0);
    return reason;
}

static void mp_machine_lightsleep(size_t n_args, const mp_obj_t *args) {
    retained->woken_by = sleep(PIN_WAKE_SLEEP, n_args, args);
    watchdog_resume();
    mp_handle_pending(true);
}

NORETURN static void mp_machine_deepsleep(size_t n_args, const mp_obj_t *args) {
    pin_rest();
    retained->woken_by = sleep(PIN_WAKE_DEEPSLEEP, n_args, args);
    retained_reset_cause(RESET_DEEP_SLEEP);
    startup_again();
}
