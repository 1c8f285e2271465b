-- What the source holds for the same text: columns X_key beside X. cdc writes
-- them, by the collation that X has at the source (base/fold.h), where they
-- were computed for utf8mb4_general_ci alone. Rows that are there are taken to
-- have that one.
alter table customers alter column email_key drop expression;
alter table products alter column sku_key drop expression;
alter table orders alter column customer_email_key drop expression;
alter table newsletter_subscribers alter column email_key drop expression;
alter table newsletter_subscribers rename column email_key to subscriber_email_key;
alter table inventory_source_items alter column sku_key drop expression;
alter table inventory_reservations alter column sku_key drop expression;

update customers set email_key = 'g:' || email_key;
update products set sku_key = 'g:' || sku_key;
update orders set customer_email_key = 'g:' || customer_email_key;
update newsletter_subscribers set subscriber_email_key = 'g:' || subscriber_email_key;
update inventory_source_items set sku_key = 'g:' || sku_key;
update inventory_reservations set sku_key = 'g:' || sku_key;

-- Both sides of foreign keys that are texts: actions follow them by key.
alter table order_statuses add column status_key text;
alter table order_status_states add column status_key text;
alter table order_status_labels add column status_key text;
alter table inventory_sources add column source_code_key text;
alter table inventory_source_stocks add column source_code_key text;
alter table inventory_source_items add column source_code_key text;
create index inventory_source_items_source_key on inventory_source_items (source_code_key);

update order_statuses set status_key = 'g:' || ficus.fold(status);
update order_status_states set status_key = 'g:' || ficus.fold(status);
update order_status_labels set status_key = 'g:' || ficus.fold(status);
update inventory_sources set source_code_key = 'g:' || ficus.fold(source_code);
update inventory_source_stocks set source_code_key = 'g:' || ficus.fold(source_code);
update inventory_source_items set source_code_key = 'g:' || ficus.fold(source_code);
drop function ficus.fold(text);

-- '': no text, or kept before this column was.
alter table ficus.source_columns add column collation_name text not null default '';
