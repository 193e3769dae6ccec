package b

func handler() {}
