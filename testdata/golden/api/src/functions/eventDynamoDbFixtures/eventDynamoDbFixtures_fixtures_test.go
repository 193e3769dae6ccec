package eventdynamodbfixtures

import "github.com/aws/aws-lambda-go/events"

// change returns a change that the tests send: an INSERT, MODIFY or REMOVE of
// the item with the key id = 1. Add the attributes that your tests need.
func change(eventName string) events.DynamoDBEventRecord {
	item := map[string]events.DynamoDBAttributeValue{
		"id": events.NewStringAttribute("1"),
	}
	record := events.DynamoDBEventRecord{EventName: eventName}
	record.Change.Keys = item
	if eventName != "INSERT" {
		record.Change.OldImage = item
	}
	if eventName != "REMOVE" {
		record.Change.NewImage = item
	}
	return record
}
