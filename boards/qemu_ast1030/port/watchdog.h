#ifndef ANJU_WATCHDOG_H
#define ANJU_WATCHDOG_H

// It stands still while the node sleeps, and starts its period anew when it wakes.
void watchdog_pause(void);
void watchdog_resume(void);

#endif
