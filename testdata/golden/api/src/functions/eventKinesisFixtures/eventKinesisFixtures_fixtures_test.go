package eventkinesisfixtures

// data returns the data of the records that the tests send. Add a function like
// it for every other record that your tests need.
func data() payload {
	return payload{}
}
