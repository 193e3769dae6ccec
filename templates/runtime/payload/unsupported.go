package payload

import (
	"encoding/json"
	"strconv"
)

// An OtherError says that a payload is no HTTP request.
type OtherError struct {
	Service string // such as Amazon SQS, or "" where nothing is known of it
	Marker  string // what it is told by, such as aws:sqs
	Err     error  // of what is no JSON object, why
}

func (e *OtherError) Error() string {
	const answers = "fngen: a function answers HTTP: this event is "
	switch {
	case e.Err != nil:
		return answers + "no JSON object: " + e.Err.Error()
	case e.Service == "" && e.Marker == "":
		return answers + "of no known kind"
	case e.Service == "":
		return answers + "of " + strconv.Quote(e.Marker)
	}
	return answers + "of " + e.Service + " (" + e.Marker + ")"
}

func (e *OtherError) Unwrap() error { return e.Err }

// sources are the services whose events are told by an eventSource, of the event or of its records. Nothing changes
// this table and the next one: they are the place where a kind begins that is to be answered after all.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html and the pages of each.
var sources = map[string]string{
	"aws:codecommit":   "AWS CodeCommit",
	"aws:docdb":        "Amazon DocumentDB",
	"aws:dynamodb":     "Amazon DynamoDB",
	"aws:kafka":        "Amazon MSK",
	"aws:kinesis":      "Amazon Kinesis",
	"aws:mq":           "Amazon MQ",
	"aws:rmq":          "Amazon MQ",
	"aws:s3":           "Amazon S3",
	"aws:ses":          "Amazon SES",
	"aws:sns":          "Amazon SNS",
	"aws:sqs":          "Amazon SQS",
	"SelfManagedKafka": "Apache Kafka",
}

// keys are the services whose events are told by a key that no HTTP request has: of the event, or of the object in it
// that the first part names. The first that is there decides.
var keys = [...]struct{ in, key, service string }{
	{"requestContext", "connectionId", "an API Gateway WebSocket API"},
	{"requestContext", "serviceArn", "Amazon VPC Lattice"},
	{"", "raw_path", "Amazon VPC Lattice"},
	{"", "methodArn", "an API Gateway authorizer"},
	{"", "routeArn", "an API Gateway authorizer"},
	{"", "authorizationToken", "an AWS AppSync authorizer"},
	{"info", "fieldName", "AWS AppSync"},
	{"", "detail-type", "Amazon EventBridge"},
	{"", "awslogs", "Amazon CloudWatch Logs"},
	{"", "alarmArn", "an Amazon CloudWatch alarm"},
	{"", "deliveryStreamArn", "Amazon Data Firehose"},
	{"", "applicationArn", "Amazon Kinesis Data Analytics"},
	{"", "triggerSource", "an Amazon Cognito user pool"},
	{"", "datasetRecords", "Amazon Cognito Sync"},
	{"", "configRuleName", "AWS Config"},
	{"", "CodePipeline.job", "AWS CodePipeline"},
	{"", "ClientRequestToken", "AWS Secrets Manager"},
	{"", "xAmzRequestId", "Amazon S3 Object Lambda"},
	{"", "invocationSchemaVersion", "Amazon S3 Batch Operations"},
	{"", "ResponseURL", "AWS CloudFormation"},
	{"", "protocolData", "AWS IoT"},
	{"", "templateArn", "AWS IoT"},
	{"", "clickType", "AWS IoT"},
	{"", "deviceEvent", "AWS IoT"},
	{"", "connection-id", "AWS Client VPN"},
	{"", "bot", "Amazon Lex"},
	{"Details", "ContactData", "Amazon Connect"},
}

// other says what a payload is that is no request.
func other(payload []byte) error {
	var e struct {
		EventSource string `json:"eventSource"` // which SNS writes EventSource
		Records     []struct {
			EventSource string          `json:"eventSource"`
			CloudFront  json.RawMessage `json:"cf"`
		} `json:"records"`
	}
	_ = json.Unmarshal(payload, &e) // of which any part may be there, and of any type
	source := e.EventSource
	if len(e.Records) > 0 && e.Records[0].EventSource != "" {
		source = e.Records[0].EventSource
	}
	if service, ok := sources[source]; ok {
		return &OtherError{Service: service, Marker: source}
	}
	if len(e.Records) > 0 && e.Records[0].CloudFront != nil {
		return &OtherError{Service: "Amazon CloudFront", Marker: "cf"}
	}

	objects := map[string]map[string]json.RawMessage{}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(payload, &top); err != nil {
		return &OtherError{Err: err}
	}
	objects[""] = top
	for _, told := range keys {
		object, seen := objects[told.in]
		if !seen {
			_ = json.Unmarshal(top[told.in], &object) // of what is no object, nothing
			objects[told.in] = object
		}
		value, ok := object[told.key]
		if !ok {
			continue
		}
		marker := told.key
		if text := ""; told.key == "detail-type" && json.Unmarshal(value, &text) == nil {
			marker = short(text) // such as Scheduled Event
		}
		return &OtherError{Service: told.service, Marker: marker}
	}
	return &OtherError{Marker: short(source)}
}

// short is the beginning of a text that a stranger may have written.
func short(s string) string { return s[:min(len(s), 64)] }
