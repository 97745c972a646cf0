"""What stands in for others' programs: named fakes that benches speak to."""
