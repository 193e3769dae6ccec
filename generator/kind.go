package generator

// A Kind says what calls a function.
type Kind string

// The kinds of functions. Those after KindQueue take events of the AWS service
// of that name.
const (
	KindHTTP        Kind = "http"     // HTTP requests
	KindSchedule    Kind = "schedule" // the clock
	KindQueue       Kind = "queue"    // messages of an Amazon SQS queue
	KindS3          Kind = "s3"
	KindSNS         Kind = "sns"
	KindEventBridge Kind = "eventbridge"
	KindDynamoDB    Kind = "dynamodb"
	KindKinesis     Kind = "kinesis"
)
