-- The foreign key to the inventory source is followed as the source compares.
alter table inventory_low_stock_settings add column source_code_key text;
