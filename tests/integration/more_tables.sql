-- The tables of a shop beyond demo/schema.sql that the copy has too, in Magento
-- 2.4's shapes, and those of its MSI modules. No data.
set foreign_key_checks = 0;

create table customer_eav_attribute_website (
    attribute_id smallint unsigned not null,
    website_id smallint unsigned not null,
    is_visible smallint unsigned null default null,
    is_required smallint unsigned null default null,
    default_value text null default null,
    multiline_count smallint unsigned null default null,
    primary key (attribute_id, website_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table eav_attribute_label (
    attribute_label_id int unsigned not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    value varchar(255) null default null,
    primary key (attribute_label_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table eav_attribute_option_swatch (
    swatch_id int unsigned not null auto_increment,
    option_id int unsigned not null,
    store_id smallint unsigned not null,
    type smallint unsigned not null,
    value varchar(255) null default null,
    primary key (swatch_id),
    unique (store_id, option_id),
    foreign key (option_id) references eav_attribute_option (option_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table customer_group_excluded_website (
    entity_id int unsigned not null auto_increment,
    customer_group_id int unsigned not null,
    website_id smallint unsigned not null,
    primary key (entity_id)
);

create table tax_class (
    class_id smallint not null auto_increment,
    class_name varchar(255) not null,
    class_type varchar(8) not null default 'CUSTOMER',
    primary key (class_id)
);

create table directory_country (
    country_id varchar(2) not null,
    iso2_code varchar(2) null default null,
    iso3_code varchar(3) null default null,
    primary key (country_id)
);

create table directory_country_region (
    region_id int unsigned not null auto_increment,
    country_id varchar(4) not null default '0',
    code varchar(32) null default null,
    default_name varchar(255) null default null,
    primary key (region_id)
);

create table directory_country_region_name (
    locale varchar(16) not null,
    region_id int unsigned not null default 0,
    name varchar(255) null default null,
    primary key (locale, region_id),
    foreign key (region_id) references directory_country_region (region_id)
        on delete cascade
);

create table catalog_product_link_type (
    link_type_id smallint unsigned not null auto_increment,
    code varchar(32) null default null,
    primary key (link_type_id)
);

create table catalog_product_link_attribute (
    product_link_attribute_id smallint unsigned not null auto_increment,
    link_type_id smallint unsigned not null default 0,
    product_link_attribute_code varchar(32) null default null,
    data_type varchar(32) null default null,
    primary key (product_link_attribute_id),
    foreign key (link_type_id)
        references catalog_product_link_type (link_type_id)
        on delete cascade
);

create table sales_order_status (
    status varchar(32) not null,
    label varchar(128) not null,
    primary key (status)
);

create table sales_order_status_state (
    status varchar(32) not null,
    state varchar(32) not null,
    is_default smallint unsigned not null default 0,
    visible_on_front smallint unsigned not null default 0,
    primary key (status, state),
    foreign key (status) references sales_order_status (status)
        on delete cascade
);

create table sales_order_status_label (
    status varchar(32) not null,
    store_id smallint unsigned not null,
    label varchar(128) not null,
    primary key (status, store_id),
    foreign key (status) references sales_order_status (status)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table newsletter_subscriber (
    subscriber_id int unsigned not null auto_increment,
    store_id smallint unsigned null default 0,
    change_status_at timestamp null default null,
    customer_id int unsigned not null default 0,
    subscriber_email varchar(150) null default null,
    subscriber_status int not null default 0,
    subscriber_confirm_code varchar(32) null default 'NULL',
    primary key (subscriber_id),
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table customer_log (
    log_id int not null auto_increment,
    customer_id int not null,
    last_login_at timestamp null default null,
    last_logout_at timestamp null default null,
    primary key (log_id),
    unique (customer_id)
);

create table catalog_product_entity_tier_price (
    value_id int not null auto_increment,
    entity_id int unsigned not null default 0,
    all_groups smallint unsigned not null default 1,
    customer_group_id int unsigned not null default 0,
    qty decimal(12,4) not null default 1.0000,
    value decimal(20,6) not null default 0.000000,
    website_id smallint unsigned not null,
    percentage_value decimal(5,2) null default null,
    primary key (value_id),
    unique (entity_id, all_groups, customer_group_id, qty, website_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (customer_group_id)
        references customer_group (customer_group_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table catalog_product_relation (
    parent_id int unsigned not null,
    child_id int unsigned not null,
    primary key (parent_id, child_id),
    foreign key (child_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (parent_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_link (
    link_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    linked_product_id int unsigned not null default 0,
    link_type_id smallint unsigned not null default 0,
    primary key (link_id),
    unique (link_type_id, product_id, linked_product_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (linked_product_id)
        references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (link_type_id)
        references catalog_product_link_type (link_type_id)
        on delete cascade
);

create table catalog_product_link_attribute_int (
    value_id int unsigned not null auto_increment,
    product_link_attribute_id smallint unsigned null default null,
    link_id int unsigned not null,
    value int not null default 0,
    primary key (value_id),
    unique (product_link_attribute_id, link_id),
    foreign key (link_id) references catalog_product_link (link_id)
        on delete cascade,
    foreign key (product_link_attribute_id)
        references catalog_product_link_attribute (product_link_attribute_id)
        on delete cascade
);

create table catalog_product_link_attribute_decimal (
    value_id int unsigned not null auto_increment,
    product_link_attribute_id smallint unsigned null default null,
    link_id int unsigned not null,
    value decimal(20,6) not null default 0.000000,
    primary key (value_id),
    unique (product_link_attribute_id, link_id),
    foreign key (link_id) references catalog_product_link (link_id)
        on delete cascade,
    foreign key (product_link_attribute_id)
        references catalog_product_link_attribute (product_link_attribute_id)
        on delete cascade
);

create table catalog_product_link_attribute_varchar (
    value_id int unsigned not null auto_increment,
    product_link_attribute_id smallint unsigned not null default 0,
    link_id int unsigned not null,
    value varchar(255) null default null,
    primary key (value_id),
    unique (product_link_attribute_id, link_id),
    foreign key (link_id) references catalog_product_link (link_id)
        on delete cascade,
    foreign key (product_link_attribute_id)
        references catalog_product_link_attribute (product_link_attribute_id)
        on delete cascade
);

create table catalog_product_super_attribute (
    product_super_attribute_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    attribute_id smallint unsigned not null default 0,
    position smallint unsigned not null default 0,
    primary key (product_super_attribute_id),
    unique (product_id, attribute_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_super_attribute_label (
    value_id int unsigned not null auto_increment,
    product_super_attribute_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    use_default smallint unsigned null default 0,
    value varchar(255) null default null,
    primary key (value_id),
    unique (product_super_attribute_id, store_id),
    foreign key (product_super_attribute_id)
        references catalog_product_super_attribute (product_super_attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_super_link (
    link_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    parent_id int unsigned not null default 0,
    primary key (link_id),
    unique (product_id, parent_id),
    foreign key (parent_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_bundle_option (
    option_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    required smallint unsigned not null default 0,
    position int unsigned not null default 0,
    type varchar(255) null default null,
    primary key (option_id),
    foreign key (parent_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_bundle_option_value (
    value_id int unsigned not null auto_increment,
    option_id int unsigned not null,
    store_id smallint unsigned not null,
    title varchar(255) null default null,
    parent_product_id int unsigned not null,
    primary key (value_id),
    unique (option_id, parent_product_id, store_id),
    foreign key (option_id)
        references catalog_product_bundle_option (option_id)
        on delete cascade
);

create table catalog_product_bundle_selection (
    selection_id int unsigned not null auto_increment,
    option_id int unsigned not null,
    parent_product_id int unsigned not null,
    product_id int unsigned not null,
    position int unsigned not null default 0,
    is_default smallint unsigned not null default 0,
    selection_price_type smallint unsigned not null default 0,
    selection_price_value decimal(12,4) not null default 0.0000,
    selection_qty decimal(12,4) null default null,
    selection_can_change_qty smallint not null default 0,
    primary key (selection_id),
    foreign key (option_id)
        references catalog_product_bundle_option (option_id)
        on delete cascade,
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_bundle_selection_price (
    selection_id int unsigned not null,
    website_id smallint unsigned not null,
    selection_price_type smallint unsigned not null default 0,
    selection_price_value decimal(20,6) not null default 0.000000,
    parent_product_id int unsigned not null,
    primary key (selection_id, parent_product_id, website_id),
    foreign key (selection_id)
        references catalog_product_bundle_selection (selection_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table catalog_product_option (
    option_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    type varchar(50) null default null,
    is_require smallint not null default 1,
    sku varchar(64) null default null,
    max_characters int unsigned null default null,
    file_extension varchar(50) null default null,
    image_size_x smallint unsigned null default null,
    image_size_y smallint unsigned null default null,
    sort_order int unsigned not null default 0,
    primary key (option_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table catalog_product_option_title (
    option_title_id int unsigned not null auto_increment,
    option_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    title varchar(255) null default null,
    primary key (option_title_id),
    unique (option_id, store_id),
    foreign key (option_id) references catalog_product_option (option_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_option_price (
    option_price_id int unsigned not null auto_increment,
    option_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    price decimal(20,6) not null default 0.000000,
    price_type varchar(7) not null default 'fixed',
    primary key (option_price_id),
    unique (option_id, store_id),
    foreign key (option_id) references catalog_product_option (option_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_option_type_value (
    option_type_id int unsigned not null auto_increment,
    option_id int unsigned not null default 0,
    sku varchar(64) null default null,
    sort_order int unsigned not null default 0,
    primary key (option_type_id),
    foreign key (option_id) references catalog_product_option (option_id)
        on delete cascade
);

create table catalog_product_option_type_title (
    option_type_title_id int unsigned not null auto_increment,
    option_type_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    title varchar(255) null default null,
    primary key (option_type_title_id),
    unique (option_type_id, store_id),
    foreign key (option_type_id)
        references catalog_product_option_type_value (option_type_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_option_type_price (
    option_type_price_id int unsigned not null auto_increment,
    option_type_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    price decimal(20,6) not null default 0.000000,
    price_type varchar(7) not null default 'fixed',
    primary key (option_type_price_id),
    unique (option_type_id, store_id),
    foreign key (option_type_id)
        references catalog_product_option_type_value (option_type_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table downloadable_link (
    link_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    sort_order int unsigned not null default 0,
    number_of_downloads int null default null,
    is_shareable smallint unsigned not null default 0,
    link_url varchar(255) null default null,
    link_file varchar(255) null default null,
    link_type varchar(20) null default null,
    sample_url varchar(255) null default null,
    sample_file varchar(255) null default null,
    sample_type varchar(20) null default null,
    primary key (link_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table downloadable_link_title (
    title_id int unsigned not null auto_increment,
    link_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    title varchar(255) null default null,
    primary key (title_id),
    unique (link_id, store_id),
    foreign key (link_id) references downloadable_link (link_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table downloadable_link_price (
    price_id int unsigned not null auto_increment,
    link_id int unsigned not null default 0,
    website_id smallint unsigned not null default 0,
    price decimal(20,6) not null default 0.000000,
    primary key (price_id),
    foreign key (link_id) references downloadable_link (link_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table downloadable_sample (
    sample_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    sample_url varchar(255) null default null,
    sample_file varchar(255) null default null,
    sample_type varchar(20) null default null,
    sort_order int unsigned not null default 0,
    primary key (sample_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table downloadable_sample_title (
    title_id int unsigned not null auto_increment,
    sample_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    title varchar(255) null default null,
    primary key (title_id),
    unique (sample_id, store_id),
    foreign key (sample_id) references downloadable_sample (sample_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table weee_tax (
    value_id int not null auto_increment,
    website_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    country varchar(2) null default null,
    value decimal(12,4) not null default 0.0000,
    state int not null default 0,
    attribute_id smallint unsigned not null,
    primary key (value_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (country) references directory_country (country_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table catalog_product_entity_media_gallery (
    value_id int unsigned not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    value varchar(255) null default null,
    media_type varchar(32) not null default 'image',
    disabled smallint unsigned not null default 0,
    primary key (value_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table catalog_product_entity_media_gallery_value_to_entity (
    value_id int unsigned not null,
    entity_id int unsigned not null,
    primary key (value_id, entity_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (value_id)
        references catalog_product_entity_media_gallery (value_id)
        on delete cascade
);

create table catalog_product_entity_media_gallery_value (
    value_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    label varchar(255) null default null,
    position int unsigned null default null,
    disabled smallint unsigned not null default 0,
    record_id int unsigned not null auto_increment,
    primary key (record_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (value_id)
        references catalog_product_entity_media_gallery (value_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_entity_media_gallery_value_video (
    value_id int unsigned not null,
    store_id smallint unsigned not null default 0,
    provider varchar(32) null default null,
    url text null default null,
    title varchar(255) null default null,
    description text null default null,
    metadata text null default null,
    primary key (value_id, store_id),
    foreign key (value_id)
        references catalog_product_entity_media_gallery (value_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table sales_payment_transaction (
    transaction_id int unsigned not null auto_increment,
    parent_id int unsigned null default null,
    order_id int unsigned not null default 0,
    payment_id int unsigned not null default 0,
    txn_id varchar(100) null default null,
    parent_txn_id varchar(100) null default null,
    txn_type varchar(15) null default null,
    is_closed smallint unsigned not null default 1,
    additional_information blob null default null,
    created_at timestamp not null default current_timestamp,
    primary key (transaction_id),
    unique (order_id, payment_id, txn_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade,
    foreign key (payment_id) references sales_order_payment (entity_id)
        on delete cascade,
    foreign key (parent_id)
        references sales_payment_transaction (transaction_id)
        on delete cascade
);

create table sales_order_status_change_history (
    entity_id int unsigned not null auto_increment,
    order_id int unsigned not null,
    status varchar(32) not null,
    created_at datetime not null default current_timestamp,
    primary key (entity_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade
);

create table sales_invoice (
    entity_id int unsigned not null auto_increment,
    store_id smallint unsigned null default null,
    base_grand_total decimal(20,4) null default null,
    shipping_tax_amount decimal(20,4) null default null,
    tax_amount decimal(20,4) null default null,
    base_tax_amount decimal(20,4) null default null,
    store_to_order_rate decimal(20,4) null default null,
    base_shipping_tax_amount decimal(20,4) null default null,
    base_discount_amount decimal(20,4) null default null,
    base_to_order_rate decimal(20,4) null default null,
    grand_total decimal(20,4) null default null,
    shipping_amount decimal(20,4) null default null,
    subtotal_incl_tax decimal(20,4) null default null,
    base_subtotal_incl_tax decimal(20,4) null default null,
    store_to_base_rate decimal(20,4) null default null,
    base_shipping_amount decimal(20,4) null default null,
    total_qty decimal(12,4) null default null,
    base_to_global_rate decimal(20,4) null default null,
    subtotal decimal(20,4) null default null,
    base_subtotal decimal(20,4) null default null,
    discount_amount decimal(20,4) null default null,
    billing_address_id int null default null,
    is_used_for_refund smallint unsigned null default null,
    order_id int unsigned not null,
    email_sent smallint null default null,
    send_email smallint unsigned null default null,
    can_void_flag smallint unsigned null default null,
    state int null default null,
    shipping_address_id int null default null,
    store_currency_code varchar(3) null default null,
    transaction_id varchar(255) null default null,
    order_currency_code varchar(3) null default null,
    base_currency_code varchar(3) null default null,
    global_currency_code varchar(3) null default null,
    increment_id varchar(50) null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp
        on update current_timestamp,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    shipping_discount_tax_compensation_amount decimal(20,4) null default null,
    base_shipping_discount_tax_compensation_amnt decimal(20,4) null default null,
    shipping_incl_tax decimal(20,4) null default null,
    base_shipping_incl_tax decimal(20,4) null default null,
    base_total_refunded decimal(20,4) null default null,
    discount_description varchar(255) null default null,
    customer_note text null default null,
    customer_note_notify smallint unsigned null default null,
    primary key (entity_id),
    unique (increment_id, store_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table sales_invoice_item (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    base_price decimal(20,4) null default null,
    tax_amount decimal(20,4) null default null,
    base_row_total decimal(20,4) null default null,
    discount_amount decimal(20,4) null default null,
    row_total decimal(20,4) null default null,
    base_discount_amount decimal(20,4) null default null,
    price_incl_tax decimal(20,4) null default null,
    base_tax_amount decimal(20,4) null default null,
    base_price_incl_tax decimal(20,4) null default null,
    qty decimal(12,4) null default null,
    base_cost decimal(20,4) null default null,
    price decimal(20,4) null default null,
    base_row_total_incl_tax decimal(20,4) null default null,
    row_total_incl_tax decimal(20,4) null default null,
    product_id int null default null,
    order_item_id int null default null,
    additional_data text null default null,
    description text null default null,
    sku varchar(255) null default null,
    name varchar(255) null default null,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    tax_ratio text null default null,
    weee_tax_applied text null default null,
    weee_tax_applied_amount decimal(12,4) null default null,
    weee_tax_applied_row_amount decimal(12,4) null default null,
    weee_tax_disposition decimal(12,4) null default null,
    weee_tax_row_disposition decimal(12,4) null default null,
    base_weee_tax_applied_amount decimal(12,4) null default null,
    base_weee_tax_applied_row_amnt decimal(12,4) null default null,
    base_weee_tax_disposition decimal(12,4) null default null,
    base_weee_tax_row_disposition decimal(12,4) null default null,
    primary key (entity_id),
    foreign key (parent_id) references sales_invoice (entity_id)
        on delete cascade
);

create table sales_invoice_comment (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    is_customer_notified smallint unsigned null default null,
    is_visible_on_front smallint unsigned not null default 0,
    comment text null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp null default current_timestamp
        on update current_timestamp,
    user_id int unsigned not null default 0,
    user_type int unsigned not null default 0,
    primary key (entity_id),
    unique (entity_id, user_id, user_type),
    foreign key (parent_id) references sales_invoice (entity_id)
        on delete cascade
);

create table sales_shipment (
    entity_id int unsigned not null auto_increment,
    store_id smallint unsigned null default null,
    total_weight decimal(12,4) null default null,
    total_qty decimal(12,4) null default null,
    email_sent smallint null default null,
    send_email smallint unsigned null default null,
    order_id int unsigned not null,
    customer_id int null default null,
    shipping_address_id int null default null,
    billing_address_id int null default null,
    shipment_status int null default null,
    increment_id varchar(50) null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp
        on update current_timestamp,
    packages text null default null,
    shipping_label mediumblob null default null,
    customer_note text null default null,
    customer_note_notify smallint unsigned null default null,
    primary key (entity_id),
    unique (increment_id, store_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table sales_shipment_item (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    row_total decimal(20,4) null default null,
    price decimal(20,4) null default null,
    weight decimal(12,4) null default null,
    qty decimal(12,4) null default null,
    product_id int null default null,
    order_item_id int null default null,
    additional_data text null default null,
    description text null default null,
    name varchar(255) null default null,
    sku varchar(255) null default null,
    primary key (entity_id),
    foreign key (parent_id) references sales_shipment (entity_id)
        on delete cascade
);

create table sales_shipment_track (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    weight decimal(12,4) null default null,
    qty decimal(12,4) null default null,
    order_id int unsigned not null,
    track_number text null default null,
    description text null default null,
    title varchar(255) null default null,
    carrier_code varchar(32) null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp
        on update current_timestamp,
    primary key (entity_id),
    foreign key (parent_id) references sales_shipment (entity_id)
        on delete cascade
);

create table sales_shipment_comment (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    is_customer_notified int null default null,
    is_visible_on_front smallint unsigned not null default 0,
    comment text null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp null default current_timestamp
        on update current_timestamp,
    user_id int unsigned not null default 0,
    user_type int unsigned not null default 0,
    primary key (entity_id),
    unique (entity_id, user_id, user_type),
    foreign key (parent_id) references sales_shipment (entity_id)
        on delete cascade
);

create table sales_creditmemo (
    entity_id int unsigned not null auto_increment,
    store_id smallint unsigned null default null,
    adjustment_positive decimal(20,4) null default null,
    base_shipping_tax_amount decimal(20,4) null default null,
    store_to_order_rate decimal(20,4) null default null,
    base_discount_amount decimal(20,4) null default null,
    base_to_order_rate decimal(20,4) null default null,
    grand_total decimal(20,4) null default null,
    base_adjustment_negative decimal(20,4) null default null,
    base_subtotal_incl_tax decimal(20,4) null default null,
    shipping_amount decimal(20,4) null default null,
    subtotal_incl_tax decimal(20,4) null default null,
    adjustment_negative decimal(20,4) null default null,
    base_shipping_amount decimal(20,4) null default null,
    store_to_base_rate decimal(20,4) null default null,
    base_to_global_rate decimal(20,4) null default null,
    base_adjustment decimal(20,4) null default null,
    base_subtotal decimal(20,4) null default null,
    discount_amount decimal(20,4) null default null,
    subtotal decimal(20,4) null default null,
    adjustment decimal(20,4) null default null,
    base_grand_total decimal(20,4) null default null,
    base_adjustment_positive decimal(20,4) null default null,
    base_tax_amount decimal(20,4) null default null,
    shipping_tax_amount decimal(20,4) null default null,
    tax_amount decimal(20,4) null default null,
    order_id int unsigned not null,
    email_sent smallint null default null,
    send_email smallint unsigned null default null,
    creditmemo_status int null default null,
    state int null default null,
    shipping_address_id int null default null,
    billing_address_id int null default null,
    invoice_id int null default null,
    store_currency_code varchar(3) null default null,
    order_currency_code varchar(3) null default null,
    base_currency_code varchar(3) null default null,
    global_currency_code varchar(3) null default null,
    transaction_id varchar(255) null default null,
    increment_id varchar(50) null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp
        on update current_timestamp,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    shipping_discount_tax_compensation_amount decimal(20,4) null default null,
    base_shipping_discount_tax_compensation_amnt decimal(20,4) null default null,
    shipping_incl_tax decimal(20,4) null default null,
    base_shipping_incl_tax decimal(20,4) null default null,
    discount_description varchar(255) null default null,
    customer_note text null default null,
    customer_note_notify smallint unsigned null default null,
    primary key (entity_id),
    unique (increment_id, store_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table sales_creditmemo_item (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    base_price decimal(20,4) null default null,
    tax_amount decimal(20,4) null default null,
    base_row_total decimal(20,4) null default null,
    discount_amount decimal(20,4) null default null,
    row_total decimal(20,4) null default null,
    base_discount_amount decimal(20,4) null default null,
    price_incl_tax decimal(20,4) null default null,
    base_tax_amount decimal(20,4) null default null,
    base_price_incl_tax decimal(20,4) null default null,
    qty decimal(12,4) null default null,
    base_cost decimal(20,4) null default null,
    price decimal(20,4) null default null,
    base_row_total_incl_tax decimal(20,4) null default null,
    row_total_incl_tax decimal(20,4) null default null,
    product_id int null default null,
    order_item_id int null default null,
    additional_data text null default null,
    description text null default null,
    sku varchar(255) null default null,
    name varchar(255) null default null,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    tax_ratio text null default null,
    weee_tax_applied text null default null,
    weee_tax_applied_amount decimal(12,4) null default null,
    weee_tax_applied_row_amount decimal(12,4) null default null,
    weee_tax_disposition decimal(12,4) null default null,
    weee_tax_row_disposition decimal(12,4) null default null,
    base_weee_tax_applied_amount decimal(12,4) null default null,
    base_weee_tax_applied_row_amnt decimal(12,4) null default null,
    base_weee_tax_disposition decimal(12,4) null default null,
    base_weee_tax_row_disposition decimal(12,4) null default null,
    primary key (entity_id),
    foreign key (parent_id) references sales_creditmemo (entity_id)
        on delete cascade
);

create table sales_creditmemo_comment (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    is_customer_notified int null default null,
    is_visible_on_front smallint unsigned not null default 0,
    comment text null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp null default current_timestamp
        on update current_timestamp,
    user_id int unsigned not null default 0,
    user_type int unsigned not null default 0,
    primary key (entity_id),
    unique (entity_id, user_id, user_type),
    foreign key (parent_id) references sales_creditmemo (entity_id)
        on delete cascade
);

create table sales_order_tax (
    tax_id int unsigned not null auto_increment,
    order_id int unsigned not null,
    code varchar(255) null default null,
    title varchar(255) null default null,
    percent decimal(12,4) null default null,
    amount decimal(20,4) null default null,
    priority int not null,
    position int not null,
    base_amount decimal(20,4) null default null,
    process smallint not null,
    base_real_amount decimal(20,4) null default null,
    primary key (tax_id)
);

create table sales_order_tax_item (
    tax_item_id int unsigned not null auto_increment,
    tax_id int unsigned not null,
    item_id int unsigned null default null,
    tax_percent decimal(12,4) not null,
    amount decimal(20,4) not null,
    base_amount decimal(20,4) not null,
    real_amount decimal(20,4) not null,
    real_base_amount decimal(20,4) not null,
    associated_item_id int unsigned null default null,
    taxable_item_type varchar(32) not null,
    primary key (tax_item_id),
    unique (tax_id, item_id),
    foreign key (associated_item_id) references sales_order_item (item_id)
        on delete cascade,
    foreign key (item_id) references sales_order_item (item_id)
        on delete cascade,
    foreign key (tax_id) references sales_order_tax (tax_id)
        on delete cascade
);

create table inventory_source (
    source_code varchar(255) not null,
    name varchar(255) not null,
    enabled smallint unsigned not null default 1,
    description text null,
    latitude decimal(8,6) null default null,
    longitude decimal(9,6) null default null,
    country_id varchar(2) not null,
    region_id int unsigned null default null,
    region varchar(255) null default null,
    city varchar(255) null default null,
    street varchar(255) null default null,
    postcode varchar(255) not null,
    contact_name varchar(255) null default null,
    email varchar(255) null default null,
    phone varchar(255) null default null,
    fax varchar(255) null default null,
    use_default_carrier_config smallint unsigned not null default 1,
    primary key (source_code)
);

create table inventory_stock (
    stock_id int unsigned not null auto_increment,
    name varchar(255) not null,
    primary key (stock_id)
);

create table inventory_source_stock_link (
    link_id int unsigned not null auto_increment,
    stock_id int unsigned not null,
    source_code varchar(255) not null,
    priority smallint unsigned not null,
    primary key (link_id),
    unique (stock_id, source_code),
    foreign key (stock_id) references inventory_stock (stock_id)
        on delete cascade,
    foreign key (source_code) references inventory_source (source_code)
        on delete cascade
);

create table inventory_stock_sales_channel (
    type varchar(64) not null,
    code varchar(64) not null,
    stock_id int unsigned not null,
    primary key (type, code),
    foreign key (stock_id) references inventory_stock (stock_id)
        on delete cascade
);

create table inventory_source_item (
    source_item_id int unsigned not null auto_increment,
    source_code varchar(255) not null,
    sku varchar(64) not null,
    quantity decimal(12,4) not null default 0.0000,
    status smallint unsigned not null default 0,
    primary key (source_item_id),
    unique (source_code, sku),
    foreign key (source_code) references inventory_source (source_code)
        on delete cascade
);

create table inventory_reservation (
    reservation_id int unsigned not null auto_increment,
    stock_id int unsigned not null,
    sku varchar(64) not null,
    quantity decimal(10,4) not null default 0.0000,
    metadata varchar(255) null default null,
    primary key (reservation_id)
);

create table inventory_low_stock_notification_configuration (
    source_code varchar(255) not null,
    sku varchar(64) not null,
    notify_stock_qty decimal(12,4) null default null,
    primary key (source_code, sku),
    foreign key (source_code) references inventory_source (source_code)
        on delete cascade
);

create table inventory_shipment_source (
    shipment_id int unsigned not null,
    source_code varchar(255) not null,
    primary key (shipment_id)
);

create table core_config_data (
    config_id int unsigned not null auto_increment,
    scope varchar(8) not null default 'default',
    scope_id int not null default 0,
    path varchar(255) not null default 'general',
    value text null default null,
    updated_at timestamp not null default current_timestamp
        on update current_timestamp,
    primary key (config_id),
    unique (scope, scope_id, path)
);

create table catalog_product_entity_gallery (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    position int not null default 0,
    value varchar(255) null default null,
    primary key (value_id),
    unique (entity_id, attribute_id, store_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (store_id) references store (store_id) on delete cascade
);

create table sales_order_confirm_cancel (
    order_id int unsigned not null,
    confirmation_key varchar(32) not null,
    reason varchar(255) not null,
    created_at datetime not null default current_timestamp,
    primary key (order_id),
    foreign key (order_id) references sales_order (entity_id) on delete cascade
);

set foreign_key_checks = 1;
