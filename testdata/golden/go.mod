module example.com/golden

go 1.22

require (
	github.com/aws/aws-lambda-go v1.54.0
	github.com/golang-jwt/jwt/v5 v5.3.1
	github.com/robfig/cron/v3 v3.0.1
)
