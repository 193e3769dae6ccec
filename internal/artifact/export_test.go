package artifact

// Resources returns the number of resources that Check counts.
func (s Stack) Resources() int {
	sources, err := s.sources()
	if err != nil {
		panic(err)
	}
	return s.resources(sources)
}
