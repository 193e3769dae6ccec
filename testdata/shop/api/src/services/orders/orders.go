// Package orders stores and updates the orders of the shop.
package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"example.com/shop/api/src/lib/db"
)

// An Order is a customer's order.
type Order struct {
	bun.BaseModel `bun:"table:orders" json:"-"`

	ID             int64     `bun:",pk,autoincrement" json:"id"`
	CreatedAt      time.Time `bun:",nullzero,notnull,default:current_timestamp" json:"createdAt"`
	UpdatedAt      time.Time `bun:",nullzero,notnull,default:current_timestamp" json:"updatedAt"`
	TrackingNumber string    `json:"trackingNumber"`
	Status         Status    `bun:",nullzero,notnull,default:'UNKNOWN'" json:"status"`
}

// A Status is the delivery status of an order.
type Status string

// The statuses of an order, in the order in which it reaches them.
const (
	Unknown   Status = "UNKNOWN"
	Placed    Status = "PLACED"
	Shipped   Status = "SHIPPED"
	Delivered Status = "DELIVERED"
)

// previous returns the status that an order must have to change to s.
func (s Status) previous() Status {
	switch s {
	case Shipped:
		return Placed
	case Delivered:
		return Shipped
	}
	return Unknown
}

// Advance changes the status of an order and returns the order. It fails unless
// the order has the previous status.
func Advance(ctx context.Context, trackingNumber string, to Status) (*Order, error) {
	order := new(Order)
	result, err := db.From(ctx).NewUpdate().Model(order).
		Set("status = ?", to).
		Set("updated_at = ?", time.Now()).
		Where("tracking_number = ?", trackingNumber).
		Where("status = ?", to.previous()).
		Returning("*").
		Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("updating the order: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, fmt.Errorf("no order %s can change to %s", trackingNumber, to)
	}
	return order, nil
}
