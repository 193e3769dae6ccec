// Package orders keeps the orders of the shop.
package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"example.com/shop/api/src/lib/db"
)

// An Order is one that is being delivered.
type Order struct {
	bun.BaseModel `bun:"table:orders" json:"-"`

	ID             int64     `bun:",pk,autoincrement" json:"id"`
	CreatedAt      time.Time `bun:",nullzero,notnull,default:current_timestamp" json:"createdAt"`
	UpdatedAt      time.Time `bun:",nullzero,notnull,default:current_timestamp" json:"updatedAt"`
	TrackingNumber string    `json:"trackingNumber"`
	Status         Status    `bun:",nullzero,notnull,default:'UNKNOWN'" json:"status"`
}

// A Status is how far an order is on its way.
type Status string

// The statuses, in the order in which an order has them.
const (
	Unknown   Status = "UNKNOWN"
	Placed    Status = "PLACED"
	Shipped   Status = "SHIPPED"
	Delivered Status = "DELIVERED"
)

// before is the status from which one is reached.
func (s Status) before() Status {
	switch s {
	case Shipped:
		return Placed
	case Delivered:
		return Shipped
	}
	return Unknown
}

// Advance brings an order to a status, which it can only reach from the one before.
func Advance(ctx context.Context, trackingNumber string, to Status) (*Order, error) {
	order := new(Order)
	result, err := db.From(ctx).NewUpdate().Model(order).
		Set("status = ?", to).
		Set("updated_at = ?", time.Now()).
		Where("tracking_number = ?", trackingNumber).
		Where("status = ?", to.before()).
		Returning("*").
		Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("updating the order: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, fmt.Errorf("no order %s can be %s", trackingNumber, to)
	}
	return order, nil
}
