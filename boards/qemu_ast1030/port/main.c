// The life of a program: devices, interpreter, boot.py, main.py, REPL, and round again at a soft reset.
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"
#include "shared/runtime/softtimer.h"

#include "clock.h"
#include "console.h"
#include "flash.h"
#include "gpio.h"
#include "port_pin.h"
#include "port_uart.h"
#include "probe.h"
#include "retained.h"
#include "serial.h"
#include "startup.h"

#define STACK_RESERVE (2048) // for what runs after the limit was found to be passed, and for interrupts

extern uint8_t _heap_start[], _heap_end[], _stack_limit[], _stack_top[];

// A board of another size: its collections take as long as on one that has no more.
static uint8_t *heap_end(void) {
    uint32_t bytes = retained_heap_bytes();
    return bytes && bytes < (size_t)(_heap_end - _heap_start) ? _heap_start + bytes : _heap_end;
}

static void devices_init(void) {
    retained_init();
    clock_init();
    console_init();
    probe_init();
    serial_init();
    flash_init();
    gpio_init();
    probe("boot", retained->cause);
}

// boot.py, then main.py unless somebody wants the raw REPL; false if one of them asked for a soft reset.
static bool run_files(void) {
    pyexec_frozen_module("_boot.py", false);
    int ret = pyexec_file_if_exists("boot.py");
    if (ret & PYEXEC_FORCED_EXIT) {
        return false;
    }
    if (pyexec_mode_kind == PYEXEC_MODE_FRIENDLY_REPL && ret != 0) {
        ret = pyexec_file_if_exists("main.py");
    }
    return !(ret & PYEXEC_FORCED_EXIT);
}

static void run_repl(void) {
    while (!(pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl())) {
    }
}

int main(void) {
    devices_init();
    mp_stack_set_top(_stack_top);
    mp_stack_set_limit(_stack_top - _stack_limit - STACK_RESERVE);
    for (;;) {
        gc_init(_heap_start, heap_end());
        mp_init();
        readline_init0();
        if (run_files()) {
            run_repl();
        }
        mp_hal_stdout_tx_str("MPY: soft reboot\r\n");
        soft_timer_deinit();
        uart_deinit_all();
        pin_deinit();
        gc_sweep_all();
        mp_deinit();
        retained->cause = RESET_SOFT;
        probe("boot", retained->cause);
    }
}

// What MicroPython asks of a port.

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    soft_timer_gc_mark_all();
    gc_collect_end();
}

uint32_t mp_hal_random(void) {
    return RANDOM_NUMBER;
}

NORETURN void nlr_jump_fail(void *value) {
    mp_hal_stdout_tx_str("uncaught exception in C\r\n");
    retained_reset_cause(RESET_HARD);
    startup_reset();
}
