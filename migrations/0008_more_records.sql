-- The rest of the records: what hangs on products, orders and customers beyond
-- 0002_records.sql. Columns as the source names them, nothing constrained but
-- the primary keys, an index where readers come along a parent and where a
-- delete on the source takes children along.

-- Metadata: labels and settings of attributes, tax classes, regions, links,
-- order statuses.

create table customer_attribute_websites (
    attribute_id    integer not null,
    website_id      integer not null,
    is_visible      integer,
    is_required     integer,
    default_value   text,
    multiline_count integer,
    primary key (attribute_id, website_id)
);

create table attribute_labels (
    attribute_label_id bigint primary key,
    attribute_id       integer,
    store_id           integer,
    value              text
);
create index attribute_labels_attribute on attribute_labels (attribute_id, store_id);

create table attribute_option_swatches (
    swatch_id bigint primary key,
    option_id bigint,
    store_id  integer,
    type      integer,
    value     text
);
create index attribute_option_swatches_option on attribute_option_swatches (option_id, store_id);

create table customer_group_excluded_websites (
    entity_id         bigint primary key,
    customer_group_id bigint,
    website_id        integer
);

create table tax_classes (
    class_id   smallint primary key,
    class_name text,
    class_type text
);

create table countries (
    country_id text primary key,
    iso2_code  text,
    iso3_code  text
);

create table regions (
    region_id    bigint primary key,
    country_id   text,
    code         text,
    default_name text
);
create index regions_country on regions (country_id);

create table region_names (
    locale    text not null,
    region_id bigint not null,
    name      text,
    primary key (locale, region_id)
);

create table product_link_types (
    link_type_id integer primary key,
    code         text
);

create table product_link_attributes (
    product_link_attribute_id   integer primary key,
    link_type_id                integer,
    product_link_attribute_code text,
    data_type                   text
);

create table order_statuses (
    status text primary key,
    label  text
);

create table order_status_states (
    status           text not null,
    state            text not null,
    is_default       integer,
    visible_on_front integer,
    primary key (status, state)
);

create table order_status_labels (
    status   text not null,
    store_id integer not null,
    label    text,
    primary key (status, store_id)
);

-- Customers.

-- The code that confirms a subscription stays in the source.

create table newsletter_subscribers (
    subscriber_id     bigint primary key,
    store_id          integer,
    change_status_at  timestamptz,
    customer_id       bigint,
    subscriber_email  text,
    subscriber_status integer,
    email_key         text generated always as (ficus.fold(subscriber_email)) stored
);
create index newsletter_subscribers_customer on newsletter_subscribers (customer_id);
create index newsletter_subscribers_subscriber_email on newsletter_subscribers (subscriber_email);

create table customer_logins (
    log_id         integer primary key,
    customer_id    integer,
    last_login_at  timestamptz,
    last_logout_at timestamptz
);
create index customer_logins_customer on customer_logins (customer_id);

-- Products: prices by quantity, relations and links, configurable, bundle and
-- downloadable products, custom options, fixed taxes.

create table tier_prices (
    value_id          integer primary key,
    entity_id         bigint,
    all_groups        integer,
    customer_group_id bigint,
    qty               numeric(12,4),
    value             numeric(20,6),
    website_id        integer,
    percentage_value  numeric(5,2)
);
create index tier_prices_entity on tier_prices (entity_id);

create table product_relations (
    parent_id bigint not null,
    child_id  bigint not null,
    primary key (parent_id, child_id)
);
create index product_relations_child on product_relations (child_id);

create table product_links (
    link_id           bigint primary key,
    product_id        bigint,
    linked_product_id bigint,
    link_type_id      integer
);
create index product_links_product on product_links (product_id, link_type_id);
create index product_links_linked_product on product_links (linked_product_id);

create table product_link_ints (
    value_id                  bigint primary key,
    product_link_attribute_id integer,
    link_id                   bigint,
    value                     integer
);
create index product_link_ints_link on product_link_ints (link_id);

create table product_link_decimals (
    value_id                  bigint primary key,
    product_link_attribute_id integer,
    link_id                   bigint,
    value                     numeric(20,6)
);
create index product_link_decimals_link on product_link_decimals (link_id);

create table product_link_varchars (
    value_id                  bigint primary key,
    product_link_attribute_id integer,
    link_id                   bigint,
    value                     text
);
create index product_link_varchars_link on product_link_varchars (link_id);

create table configurable_attributes (
    product_super_attribute_id bigint primary key,
    product_id                 bigint,
    attribute_id               integer,
    position                   integer
);
create index configurable_attributes_product on configurable_attributes (product_id);

create table configurable_attribute_labels (
    value_id                   bigint primary key,
    product_super_attribute_id bigint,
    store_id                   integer,
    use_default                integer,
    value                      text
);
create index configurable_attribute_labels_product_super_attribute on configurable_attribute_labels (product_super_attribute_id, store_id);

create table configurable_links (
    link_id    bigint primary key,
    product_id bigint,
    parent_id  bigint
);
create index configurable_links_parent on configurable_links (parent_id);
create index configurable_links_product on configurable_links (product_id);

create table bundle_options (
    option_id bigint primary key,
    parent_id bigint,
    required  integer,
    position  bigint,
    type      text
);
create index bundle_options_parent on bundle_options (parent_id);

create table bundle_option_values (
    value_id          bigint primary key,
    option_id         bigint,
    store_id          integer,
    title             text,
    parent_product_id bigint
);
create index bundle_option_values_option on bundle_option_values (option_id, store_id);

create table bundle_selections (
    selection_id             bigint primary key,
    option_id                bigint,
    parent_product_id        bigint,
    product_id               bigint,
    position                 bigint,
    is_default               integer,
    selection_price_type     integer,
    selection_price_value    numeric(12,4),
    selection_qty            numeric(12,4),
    selection_can_change_qty smallint
);
create index bundle_selections_option on bundle_selections (option_id);
create index bundle_selections_product on bundle_selections (product_id);

create table bundle_selection_prices (
    selection_id          bigint not null,
    website_id            integer not null,
    selection_price_type  integer,
    selection_price_value numeric(20,6),
    parent_product_id     bigint not null,
    primary key (selection_id, parent_product_id, website_id)
);

create table custom_options (
    option_id      bigint primary key,
    product_id     bigint,
    type           text,
    is_require     smallint,
    sku            text,
    max_characters bigint,
    file_extension text,
    image_size_x   integer,
    image_size_y   integer,
    sort_order     bigint
);
create index custom_options_product on custom_options (product_id);

create table custom_option_titles (
    option_title_id bigint primary key,
    option_id       bigint,
    store_id        integer,
    title           text
);
create index custom_option_titles_option on custom_option_titles (option_id, store_id);

create table custom_option_prices (
    option_price_id bigint primary key,
    option_id       bigint,
    store_id        integer,
    price           numeric(20,6),
    price_type      text
);
create index custom_option_prices_option on custom_option_prices (option_id, store_id);

create table custom_option_values (
    option_type_id bigint primary key,
    option_id      bigint,
    sku            text,
    sort_order     bigint
);
create index custom_option_values_option on custom_option_values (option_id);

create table custom_option_value_titles (
    option_type_title_id bigint primary key,
    option_type_id       bigint,
    store_id             integer,
    title                text
);
create index custom_option_value_titles_option_type on custom_option_value_titles (option_type_id, store_id);

create table custom_option_value_prices (
    option_type_price_id bigint primary key,
    option_type_id       bigint,
    store_id             integer,
    price                numeric(20,6),
    price_type           text
);
create index custom_option_value_prices_option_type on custom_option_value_prices (option_type_id, store_id);

create table downloadable_links (
    link_id             bigint primary key,
    product_id          bigint,
    sort_order          bigint,
    number_of_downloads integer,
    is_shareable        integer,
    link_url            text,
    link_file           text,
    link_type           text,
    sample_url          text,
    sample_file         text,
    sample_type         text
);
create index downloadable_links_product on downloadable_links (product_id);

create table downloadable_link_titles (
    title_id bigint primary key,
    link_id  bigint,
    store_id integer,
    title    text
);
create index downloadable_link_titles_link on downloadable_link_titles (link_id, store_id);

create table downloadable_link_prices (
    price_id   bigint primary key,
    link_id    bigint,
    website_id integer,
    price      numeric(20,6)
);
create index downloadable_link_prices_link on downloadable_link_prices (link_id);

create table downloadable_samples (
    sample_id   bigint primary key,
    product_id  bigint,
    sample_url  text,
    sample_file text,
    sample_type text,
    sort_order  bigint
);
create index downloadable_samples_product on downloadable_samples (product_id);

create table downloadable_sample_titles (
    title_id  bigint primary key,
    sample_id bigint,
    store_id  integer,
    title     text
);
create index downloadable_sample_titles_sample on downloadable_sample_titles (sample_id, store_id);

create table weee_taxes (
    value_id     integer primary key,
    website_id   integer,
    entity_id    bigint,
    country      text,
    value        numeric(12,4),
    state        integer,
    attribute_id integer
);
create index weee_taxes_entity on weee_taxes (entity_id);

-- The media gallery: files, which products show them, and how each store view
-- labels and orders them.

create table media_gallery (
    value_id     bigint primary key,
    attribute_id integer,
    value        text,
    media_type   text,
    disabled     integer
);

create table media_gallery_products (
    value_id  bigint not null,
    entity_id bigint not null,
    primary key (value_id, entity_id)
);
create index media_gallery_products_entity on media_gallery_products (entity_id);

create table media_gallery_values (
    value_id  bigint,
    store_id  integer,
    entity_id bigint,
    label     text,
    position  bigint,
    disabled  integer,
    record_id bigint primary key
);
create index media_gallery_values_value on media_gallery_values (value_id);
create index media_gallery_values_entity on media_gallery_values (entity_id, store_id);

create table media_gallery_videos (
    value_id    bigint not null,
    store_id    integer not null,
    provider    text,
    url         text,
    title       text,
    description text,
    metadata    text,
    primary key (value_id, store_id)
);

-- Orders: payments, invoices, shipments, credit memos, taxes.

-- What gateways keep about a payment stays in the source.

create table payment_transactions (
    transaction_id bigint primary key,
    parent_id      bigint,
    order_id       bigint,
    payment_id     bigint,
    txn_id         text,
    parent_txn_id  text,
    txn_type       text,
    is_closed      integer,
    created_at     timestamptz
);
create index payment_transactions_order on payment_transactions (order_id);
create index payment_transactions_payment on payment_transactions (payment_id);

create table order_status_changes (
    entity_id  bigint primary key,
    order_id   bigint,
    status     text,
    created_at timestamp
);
create index order_status_changes_order on order_status_changes (order_id);

create table invoices (
    entity_id                                    bigint primary key,
    store_id                                     integer,
    base_grand_total                             numeric(20,4),
    shipping_tax_amount                          numeric(20,4),
    tax_amount                                   numeric(20,4),
    base_tax_amount                              numeric(20,4),
    store_to_order_rate                          numeric(20,4),
    base_shipping_tax_amount                     numeric(20,4),
    base_discount_amount                         numeric(20,4),
    base_to_order_rate                           numeric(20,4),
    grand_total                                  numeric(20,4),
    shipping_amount                              numeric(20,4),
    subtotal_incl_tax                            numeric(20,4),
    base_subtotal_incl_tax                       numeric(20,4),
    store_to_base_rate                           numeric(20,4),
    base_shipping_amount                         numeric(20,4),
    total_qty                                    numeric(12,4),
    base_to_global_rate                          numeric(20,4),
    subtotal                                     numeric(20,4),
    base_subtotal                                numeric(20,4),
    discount_amount                              numeric(20,4),
    billing_address_id                           integer,
    is_used_for_refund                           integer,
    order_id                                     bigint,
    email_sent                                   smallint,
    send_email                                   integer,
    can_void_flag                                integer,
    state                                        integer,
    shipping_address_id                          integer,
    store_currency_code                          text,
    transaction_id                               text,
    order_currency_code                          text,
    base_currency_code                           text,
    global_currency_code                         text,
    increment_id                                 text,
    created_at                                   timestamptz,
    updated_at                                   timestamptz,
    discount_tax_compensation_amount             numeric(20,4),
    base_discount_tax_compensation_amount        numeric(20,4),
    shipping_discount_tax_compensation_amount    numeric(20,4),
    base_shipping_discount_tax_compensation_amnt numeric(20,4),
    shipping_incl_tax                            numeric(20,4),
    base_shipping_incl_tax                       numeric(20,4),
    base_total_refunded                          numeric(20,4),
    discount_description                         text,
    customer_note                                text,
    customer_note_notify                         integer
);
create index invoices_order on invoices (order_id);
create index invoices_increment on invoices (increment_id);
create index invoices_created_at on invoices (created_at, entity_id);

create table invoice_items (
    entity_id                             bigint primary key,
    parent_id                             bigint,
    base_price                            numeric(20,4),
    tax_amount                            numeric(20,4),
    base_row_total                        numeric(20,4),
    discount_amount                       numeric(20,4),
    row_total                             numeric(20,4),
    base_discount_amount                  numeric(20,4),
    price_incl_tax                        numeric(20,4),
    base_tax_amount                       numeric(20,4),
    base_price_incl_tax                   numeric(20,4),
    qty                                   numeric(12,4),
    base_cost                             numeric(20,4),
    price                                 numeric(20,4),
    base_row_total_incl_tax               numeric(20,4),
    row_total_incl_tax                    numeric(20,4),
    product_id                            integer,
    order_item_id                         integer,
    additional_data                       text,
    description                           text,
    sku                                   text,
    name                                  text,
    discount_tax_compensation_amount      numeric(20,4),
    base_discount_tax_compensation_amount numeric(20,4),
    tax_ratio                             text,
    weee_tax_applied                      text,
    weee_tax_applied_amount               numeric(12,4),
    weee_tax_applied_row_amount           numeric(12,4),
    weee_tax_disposition                  numeric(12,4),
    weee_tax_row_disposition              numeric(12,4),
    base_weee_tax_applied_amount          numeric(12,4),
    base_weee_tax_applied_row_amnt        numeric(12,4),
    base_weee_tax_disposition             numeric(12,4),
    base_weee_tax_row_disposition         numeric(12,4)
);
create index invoice_items_parent on invoice_items (parent_id);

create table invoice_comments (
    entity_id            bigint primary key,
    parent_id            bigint,
    is_customer_notified integer,
    is_visible_on_front  integer,
    comment              text,
    created_at           timestamptz,
    updated_at           timestamptz,
    user_id              bigint,
    user_type            bigint
);
create index invoice_comments_parent on invoice_comments (parent_id);

create table shipments (
    entity_id            bigint primary key,
    store_id             integer,
    total_weight         numeric(12,4),
    total_qty            numeric(12,4),
    email_sent           smallint,
    send_email           integer,
    order_id             bigint,
    customer_id          integer,
    shipping_address_id  integer,
    billing_address_id   integer,
    shipment_status      integer,
    increment_id         text,
    created_at           timestamptz,
    updated_at           timestamptz,
    packages             text,
    shipping_label       bytea,
    customer_note        text,
    customer_note_notify integer
);
create index shipments_order on shipments (order_id);
create index shipments_increment on shipments (increment_id);
create index shipments_created_at on shipments (created_at, entity_id);

create table shipment_items (
    entity_id       bigint primary key,
    parent_id       bigint,
    row_total       numeric(20,4),
    price           numeric(20,4),
    weight          numeric(12,4),
    qty             numeric(12,4),
    product_id      integer,
    order_item_id   integer,
    additional_data text,
    description     text,
    name            text,
    sku             text
);
create index shipment_items_parent on shipment_items (parent_id);

create table shipment_tracks (
    entity_id    bigint primary key,
    parent_id    bigint,
    weight       numeric(12,4),
    qty          numeric(12,4),
    order_id     bigint,
    track_number text,
    description  text,
    title        text,
    carrier_code text,
    created_at   timestamptz,
    updated_at   timestamptz
);
create index shipment_tracks_parent on shipment_tracks (parent_id);

create table shipment_comments (
    entity_id            bigint primary key,
    parent_id            bigint,
    is_customer_notified integer,
    is_visible_on_front  integer,
    comment              text,
    created_at           timestamptz,
    updated_at           timestamptz,
    user_id              bigint,
    user_type            bigint
);
create index shipment_comments_parent on shipment_comments (parent_id);

create table credit_memos (
    entity_id                                    bigint primary key,
    store_id                                     integer,
    adjustment_positive                          numeric(20,4),
    base_shipping_tax_amount                     numeric(20,4),
    store_to_order_rate                          numeric(20,4),
    base_discount_amount                         numeric(20,4),
    base_to_order_rate                           numeric(20,4),
    grand_total                                  numeric(20,4),
    base_adjustment_negative                     numeric(20,4),
    base_subtotal_incl_tax                       numeric(20,4),
    shipping_amount                              numeric(20,4),
    subtotal_incl_tax                            numeric(20,4),
    adjustment_negative                          numeric(20,4),
    base_shipping_amount                         numeric(20,4),
    store_to_base_rate                           numeric(20,4),
    base_to_global_rate                          numeric(20,4),
    base_adjustment                              numeric(20,4),
    base_subtotal                                numeric(20,4),
    discount_amount                              numeric(20,4),
    subtotal                                     numeric(20,4),
    adjustment                                   numeric(20,4),
    base_grand_total                             numeric(20,4),
    base_adjustment_positive                     numeric(20,4),
    base_tax_amount                              numeric(20,4),
    shipping_tax_amount                          numeric(20,4),
    tax_amount                                   numeric(20,4),
    order_id                                     bigint,
    email_sent                                   smallint,
    send_email                                   integer,
    creditmemo_status                            integer,
    state                                        integer,
    shipping_address_id                          integer,
    billing_address_id                           integer,
    invoice_id                                   integer,
    store_currency_code                          text,
    order_currency_code                          text,
    base_currency_code                           text,
    global_currency_code                         text,
    transaction_id                               text,
    increment_id                                 text,
    created_at                                   timestamptz,
    updated_at                                   timestamptz,
    discount_tax_compensation_amount             numeric(20,4),
    base_discount_tax_compensation_amount        numeric(20,4),
    shipping_discount_tax_compensation_amount    numeric(20,4),
    base_shipping_discount_tax_compensation_amnt numeric(20,4),
    shipping_incl_tax                            numeric(20,4),
    base_shipping_incl_tax                       numeric(20,4),
    discount_description                         text,
    customer_note                                text,
    customer_note_notify                         integer
);
create index credit_memos_order on credit_memos (order_id);
create index credit_memos_increment on credit_memos (increment_id);
create index credit_memos_created_at on credit_memos (created_at, entity_id);

create table credit_memo_items (
    entity_id                             bigint primary key,
    parent_id                             bigint,
    base_price                            numeric(20,4),
    tax_amount                            numeric(20,4),
    base_row_total                        numeric(20,4),
    discount_amount                       numeric(20,4),
    row_total                             numeric(20,4),
    base_discount_amount                  numeric(20,4),
    price_incl_tax                        numeric(20,4),
    base_tax_amount                       numeric(20,4),
    base_price_incl_tax                   numeric(20,4),
    qty                                   numeric(12,4),
    base_cost                             numeric(20,4),
    price                                 numeric(20,4),
    base_row_total_incl_tax               numeric(20,4),
    row_total_incl_tax                    numeric(20,4),
    product_id                            integer,
    order_item_id                         integer,
    additional_data                       text,
    description                           text,
    sku                                   text,
    name                                  text,
    discount_tax_compensation_amount      numeric(20,4),
    base_discount_tax_compensation_amount numeric(20,4),
    tax_ratio                             text,
    weee_tax_applied                      text,
    weee_tax_applied_amount               numeric(12,4),
    weee_tax_applied_row_amount           numeric(12,4),
    weee_tax_disposition                  numeric(12,4),
    weee_tax_row_disposition              numeric(12,4),
    base_weee_tax_applied_amount          numeric(12,4),
    base_weee_tax_applied_row_amnt        numeric(12,4),
    base_weee_tax_disposition             numeric(12,4),
    base_weee_tax_row_disposition         numeric(12,4)
);
create index credit_memo_items_parent on credit_memo_items (parent_id);

create table credit_memo_comments (
    entity_id            bigint primary key,
    parent_id            bigint,
    is_customer_notified integer,
    is_visible_on_front  integer,
    comment              text,
    created_at           timestamptz,
    updated_at           timestamptz,
    user_id              bigint,
    user_type            bigint
);
create index credit_memo_comments_parent on credit_memo_comments (parent_id);

create table order_taxes (
    tax_id           bigint primary key,
    order_id         bigint,
    code             text,
    title            text,
    percent          numeric(12,4),
    amount           numeric(20,4),
    priority         integer,
    position         integer,
    base_amount      numeric(20,4),
    process          smallint,
    base_real_amount numeric(20,4)
);
create index order_taxes_order on order_taxes (order_id);

create table order_tax_items (
    tax_item_id        bigint primary key,
    tax_id             bigint,
    item_id            bigint,
    tax_percent        numeric(12,4),
    amount             numeric(20,4),
    base_amount        numeric(20,4),
    real_amount        numeric(20,4),
    real_base_amount   numeric(20,4),
    associated_item_id bigint,
    taxable_item_type  text
);
create index order_tax_items_tax on order_tax_items (tax_id);
create index order_tax_items_item on order_tax_items (item_id);
create index order_tax_items_associated_item on order_tax_items (associated_item_id);

-- Stock by source (Multi Source Inventory), in shops that have it. Products are
-- named by SKU.
create table inventory_sources (
    source_code                text primary key,
    name                       text,
    enabled                    integer,
    description                text,
    latitude                   numeric(8,6),
    longitude                  numeric(9,6),
    country_id                 text,
    region_id                  bigint,
    region                     text,
    city                       text,
    street                     text,
    postcode                   text,
    contact_name               text,
    email                      text,
    phone                      text,
    fax                        text,
    use_default_carrier_config integer
);

create table inventory_stocks (
    stock_id bigint primary key,
    name     text
);

create table inventory_source_stocks (
    link_id     bigint primary key,
    stock_id    bigint,
    source_code text,
    priority    integer
);
create index inventory_source_stocks_stock on inventory_source_stocks (stock_id);

create table inventory_sales_channels (
    type     text not null,
    code     text not null,
    stock_id bigint,
    primary key (type, code)
);

create table inventory_source_items (
    source_item_id bigint primary key,
    source_code    text,
    sku            text,
    quantity       numeric(12,4),
    status         integer,
    sku_key        text generated always as (ficus.fold(sku)) stored
) with (fillfactor = 75);
create index inventory_source_items_sku on inventory_source_items (sku_key, source_code);
create index inventory_source_items_source on inventory_source_items (source_code);

create table inventory_reservations (
    reservation_id bigint primary key,
    stock_id       bigint,
    sku            text,
    quantity       numeric(10,4),
    metadata       text,
    sku_key        text generated always as (ficus.fold(sku)) stored
);
create index inventory_reservations_sku on inventory_reservations (sku_key, stock_id);
