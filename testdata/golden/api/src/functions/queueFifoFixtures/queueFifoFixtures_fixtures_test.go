package queuefifofixtures

// body returns the body of the messages that the tests send. Add a function like
// it for every other message that your tests need.
func body() payload {
	return payload{}
}
