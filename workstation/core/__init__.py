"""The vocabulary that every other room speaks: types, money, instruments, messages, clock, bus."""
