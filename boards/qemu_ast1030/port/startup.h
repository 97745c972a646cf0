#ifndef ANJU_STARTUP_H
#define ANJU_STARTUP_H

// The processor and every device begin anew.
__attribute__((noreturn)) void startup_reset(void);

// Only the program begins anew. QEMU's reset would put all input pins low, and a contact doesn't move because a node wakes.
__attribute__((noreturn)) void startup_again(void);

#endif
