-- A shop's database in Magento 2.4's shapes: the tables the copy is made of,
-- their foreign-key ancestors, and two that nobody copies. No data.
set foreign_key_checks = 0;

create table store_website (
    website_id smallint unsigned not null auto_increment,
    code varchar(32) null default null,
    name varchar(64) null default null,
    sort_order smallint unsigned not null default 0,
    default_group_id smallint unsigned not null default 0,
    is_default smallint unsigned null default 0,
    primary key (website_id),
    unique (code)
);

create table store_group (
    group_id smallint unsigned not null auto_increment,
    website_id smallint unsigned not null default 0,
    name varchar(255) not null,
    root_category_id int unsigned not null default 0,
    default_store_id smallint unsigned not null default 0,
    code varchar(32) null default null,
    primary key (group_id),
    unique (code),
    key (website_id),
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table store (
    store_id smallint unsigned not null auto_increment,
    code varchar(32) null default null,
    website_id smallint unsigned not null default 0,
    group_id smallint unsigned not null default 0,
    name varchar(255) not null,
    sort_order smallint unsigned not null default 0,
    is_active smallint unsigned not null default 0,
    primary key (store_id),
    unique (code),
    key (group_id),
    key (website_id),
    foreign key (group_id) references store_group (group_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table eav_entity_type (
    entity_type_id smallint unsigned not null auto_increment,
    entity_type_code varchar(50) not null,
    entity_model varchar(255) not null,
    attribute_model varchar(255) null default null,
    entity_table varchar(255) null default null,
    value_table_prefix varchar(255) null default null,
    entity_id_field varchar(255) null default null,
    is_data_sharing smallint unsigned not null default 1,
    data_sharing_key varchar(100) null default 'default',
    default_attribute_set_id smallint unsigned not null default 0,
    increment_model varchar(255) null default null,
    increment_per_store smallint unsigned not null default 0,
    increment_pad_length smallint unsigned not null default 8,
    increment_pad_char varchar(1) not null default '0',
    additional_attribute_table varchar(255) null default null,
    entity_attribute_collection varchar(255) null default null,
    primary key (entity_type_id)
);

create table eav_attribute (
    attribute_id smallint unsigned not null auto_increment,
    entity_type_id smallint unsigned not null default 0,
    attribute_code varchar(255) not null,
    attribute_model varchar(255) null default null,
    backend_model varchar(255) null default null,
    backend_type varchar(8) not null default 'static',
    backend_table varchar(255) null default null,
    frontend_model varchar(255) null default null,
    frontend_input varchar(50) null default null,
    frontend_label varchar(255) null default null,
    frontend_class varchar(255) null default null,
    source_model varchar(255) null default null,
    is_required smallint unsigned not null default 0,
    is_user_defined smallint unsigned not null default 0,
    default_value text null default null,
    is_unique smallint unsigned not null default 0,
    note varchar(255) null default null,
    unique (entity_type_id, attribute_code),
    primary key (attribute_id),
    foreign key (entity_type_id) references eav_entity_type (entity_type_id)
        on delete cascade
);

create table catalog_eav_attribute (
    attribute_id smallint unsigned not null,
    frontend_input_renderer varchar(255) null default null,
    is_global smallint unsigned not null default 1,
    is_visible smallint unsigned not null default 1,
    is_searchable smallint unsigned not null default 0,
    is_filterable smallint unsigned not null default 0,
    is_comparable smallint unsigned not null default 0,
    is_visible_on_front smallint unsigned not null default 0,
    is_html_allowed_on_front smallint unsigned not null default 0,
    is_used_for_price_rules smallint unsigned not null default 0,
    is_filterable_in_search smallint unsigned not null default 0,
    used_in_product_listing smallint unsigned not null default 0,
    used_for_sort_by smallint unsigned not null default 0,
    apply_to varchar(255) null default null,
    is_visible_in_advanced_search smallint unsigned not null default 0,
    position int not null default 0,
    is_wysiwyg_enabled smallint unsigned not null default 0,
    is_used_for_promo_rules smallint unsigned not null default 0,
    is_required_in_admin_store smallint unsigned not null default 0,
    is_used_in_grid smallint unsigned not null default 0,
    is_visible_in_grid smallint unsigned not null default 0,
    is_filterable_in_grid smallint unsigned not null default 0,
    search_weight float not null default 1,
    additional_data text null default null,
    is_pagebuilder_enabled tinyint not null default 0,
    primary key (attribute_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_eav_attribute (
    attribute_id smallint unsigned not null,
    is_visible smallint unsigned not null default 1,
    input_filter varchar(255) null default null,
    multiline_count smallint unsigned not null default 1,
    validate_rules text null default null,
    is_system smallint unsigned not null default 0,
    sort_order int unsigned not null default 0,
    data_model varchar(255) null default null,
    is_used_in_grid smallint unsigned not null default 0,
    is_visible_in_grid smallint unsigned not null default 0,
    is_filterable_in_grid smallint unsigned not null default 0,
    is_searchable_in_grid smallint unsigned not null default 0,
    grid_filter_condition_type smallint unsigned not null default 0,
    primary key (attribute_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table eav_attribute_set (
    attribute_set_id smallint unsigned not null auto_increment,
    entity_type_id smallint unsigned not null default 0,
    attribute_set_name varchar(255) null default null,
    sort_order smallint not null default 0,
    unique (entity_type_id, attribute_set_name),
    primary key (attribute_set_id),
    key (entity_type_id, sort_order),
    foreign key (entity_type_id) references eav_entity_type (entity_type_id)
        on delete cascade
);

create table eav_attribute_group (
    attribute_group_id smallint unsigned not null auto_increment,
    attribute_set_id smallint unsigned not null default 0,
    attribute_group_name varchar(255) null default null,
    sort_order smallint not null default 0,
    default_id smallint unsigned null default 0,
    attribute_group_code varchar(255) not null,
    tab_group_code varchar(255) null default null,
    unique (attribute_set_id, attribute_group_code),
    unique (attribute_set_id, attribute_group_name),
    primary key (attribute_group_id),
    key (attribute_set_id, sort_order),
    foreign key (attribute_set_id) references eav_attribute_set (attribute_set_id)
        on delete cascade
);

create table eav_entity_attribute (
    entity_attribute_id int unsigned not null auto_increment,
    entity_type_id smallint unsigned not null default 0,
    attribute_set_id smallint unsigned not null default 0,
    attribute_group_id smallint unsigned not null default 0,
    attribute_id smallint unsigned not null default 0,
    sort_order smallint not null default 0,
    unique (attribute_group_id, attribute_id),
    unique (attribute_set_id, attribute_id),
    primary key (entity_attribute_id),
    key (attribute_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (attribute_group_id) references eav_attribute_group (attribute_group_id)
        on delete cascade
);

create table eav_attribute_option (
    option_id int unsigned not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    sort_order smallint unsigned not null default 0,
    primary key (option_id),
    key (attribute_id),
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table eav_attribute_option_value (
    value_id int unsigned not null auto_increment,
    option_id int unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    value varchar(255) null default null,
    unique (store_id, option_id),
    primary key (value_id),
    key (option_id),
    key (store_id),
    foreign key (option_id) references eav_attribute_option (option_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table customer_group (
    customer_group_id int unsigned not null auto_increment,
    customer_group_code varchar(32) not null,
    tax_class_id int unsigned not null default 0,
    primary key (customer_group_id)
);

create table customer_entity (
    entity_id int unsigned not null auto_increment,
    website_id smallint unsigned null default null,
    email varchar(255) null default null,
    group_id smallint unsigned not null default 0,
    increment_id varchar(50) null default null,
    store_id smallint unsigned null default 0,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    is_active smallint unsigned not null default 1,
    disable_auto_group_change smallint unsigned not null default 0,
    created_in varchar(255) null default null,
    prefix varchar(40) null default null,
    firstname varchar(255) null default null,
    middlename varchar(255) null default null,
    lastname varchar(255) null default null,
    suffix varchar(40) null default null,
    dob date null default null,
    password_hash varchar(128) null default null,
    rp_token varchar(128) null default null,
    rp_token_created_at datetime null default null,
    default_billing int unsigned null default null,
    default_shipping int unsigned null default null,
    taxvat varchar(50) null default null,
    confirmation varchar(64) null default null,
    gender smallint unsigned null default null,
    failures_num smallint null default 0,
    first_failure timestamp null default null,
    lock_expires timestamp null default null,
    session_cutoff timestamp null default null,
    unique (email, website_id),
    primary key (entity_id),
    key (store_id),
    key (website_id),
    foreign key (store_id) references store (store_id)
        on delete set null,
    foreign key (website_id) references store_website (website_id)
        on delete set null
);

create table customer_entity_datetime (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value datetime null default null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_entity_decimal (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value decimal(12,4) not null default 0.0000,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_entity_int (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value int not null default 0,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_entity_text (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value text not null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    foreign key (entity_id) references customer_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_entity_varchar (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value varchar(255) null default null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_address_entity (
    entity_id int unsigned not null auto_increment,
    increment_id varchar(50) null default null,
    parent_id int unsigned null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    is_active smallint unsigned not null default 1,
    city varchar(255) not null,
    company varchar(255) null default null,
    country_id varchar(255) not null,
    fax varchar(255) null default null,
    firstname varchar(255) not null,
    lastname varchar(255) not null,
    middlename varchar(255) null default null,
    postcode varchar(255) null default null,
    prefix varchar(40) null default null,
    region varchar(255) null default null,
    region_id int unsigned null default null,
    street text not null,
    suffix varchar(40) null default null,
    telephone varchar(255) not null,
    vat_id varchar(255) null default null,
    vat_is_valid int unsigned null default null,
    vat_request_date varchar(255) null default null,
    vat_request_id varchar(255) null default null,
    vat_request_success int unsigned null default null,
    primary key (entity_id),
    key (parent_id),
    foreign key (parent_id) references customer_entity (entity_id)
        on delete cascade
);

create table customer_address_entity_datetime (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value datetime null default null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_address_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_address_entity_decimal (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value decimal(12,4) not null default 0.0000,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_address_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_address_entity_int (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value int not null default 0,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_address_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_address_entity_text (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value text not null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    foreign key (entity_id) references customer_address_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table customer_address_entity_varchar (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value varchar(255) null default null,
    unique (entity_id, attribute_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id, attribute_id, value),
    foreign key (entity_id) references customer_address_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade
);

create table catalog_product_entity (
    entity_id int unsigned not null auto_increment,
    attribute_set_id smallint unsigned not null default 0,
    type_id varchar(32) not null default 'simple',
    sku varchar(64) not null,
    has_options smallint not null default 0,
    required_options smallint unsigned not null default 0,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    primary key (entity_id),
    key (sku)
);

create table catalog_product_entity_datetime (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value datetime null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (store_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_entity_decimal (
    value_id int unsigned not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value decimal(20,6) null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (store_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_entity_int (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value int null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (attribute_id, store_id, value),
    key (store_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_entity_text (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value mediumtext null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (store_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_entity_varchar (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value varchar(255) null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (store_id),
    foreign key (entity_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_category_entity (
    entity_id int unsigned not null auto_increment,
    attribute_set_id smallint unsigned not null default 0,
    parent_id int unsigned not null default 0,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    path varchar(255) not null,
    position int not null,
    level int not null default 0,
    children_count int not null,
    primary key (entity_id),
    key (path)
);

create table catalog_category_entity_datetime (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value datetime null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id),
    key (store_id),
    foreign key (entity_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_category_entity_decimal (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value decimal(20,6) null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id),
    key (store_id),
    foreign key (entity_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_category_entity_int (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value int null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id),
    key (store_id),
    foreign key (entity_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_category_entity_text (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value mediumtext null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id),
    key (store_id),
    foreign key (entity_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_category_entity_varchar (
    value_id int not null auto_increment,
    attribute_id smallint unsigned not null default 0,
    store_id smallint unsigned not null default 0,
    entity_id int unsigned not null default 0,
    value varchar(255) null default null,
    unique (entity_id, attribute_id, store_id),
    primary key (value_id),
    key (attribute_id),
    key (entity_id),
    key (store_id),
    foreign key (entity_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (attribute_id) references eav_attribute (attribute_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete cascade
);

create table catalog_product_website (
    product_id int unsigned not null,
    website_id smallint unsigned not null,
    primary key (product_id, website_id),
    key (website_id),
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade,
    foreign key (website_id) references store_website (website_id)
        on delete cascade
);

create table catalog_category_product (
    entity_id int not null auto_increment,
    category_id int unsigned not null default 0,
    product_id int unsigned not null default 0,
    position int not null default 0,
    unique (category_id, product_id),
    primary key (entity_id, category_id, product_id),
    key (product_id),
    foreign key (category_id) references catalog_category_entity (entity_id)
        on delete cascade,
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table cataloginventory_stock (
    stock_id smallint unsigned not null auto_increment,
    website_id smallint unsigned not null,
    stock_name varchar(255) null default null,
    primary key (stock_id)
);

create table cataloginventory_stock_item (
    item_id int unsigned not null auto_increment,
    product_id int unsigned not null default 0,
    stock_id smallint unsigned not null default 0,
    qty decimal(12,4) null default null,
    min_qty decimal(12,4) not null default 0.0000,
    use_config_min_qty smallint unsigned not null default 1,
    is_qty_decimal smallint unsigned not null default 0,
    backorders smallint unsigned not null default 0,
    use_config_backorders smallint unsigned not null default 1,
    min_sale_qty decimal(12,4) not null default 1.0000,
    use_config_min_sale_qty smallint unsigned not null default 1,
    max_sale_qty decimal(12,4) not null default 0.0000,
    use_config_max_sale_qty smallint unsigned not null default 1,
    is_in_stock smallint unsigned not null default 0,
    low_stock_date timestamp null default null,
    notify_stock_qty decimal(12,4) null default null,
    use_config_notify_stock_qty smallint unsigned not null default 1,
    manage_stock smallint unsigned not null default 0,
    use_config_manage_stock smallint unsigned not null default 1,
    stock_status_changed_auto smallint unsigned not null default 0,
    use_config_qty_increments smallint unsigned not null default 1,
    qty_increments decimal(12,4) not null default 0.0000,
    use_config_enable_qty_inc smallint unsigned not null default 1,
    enable_qty_increments smallint unsigned not null default 0,
    is_decimal_divided smallint unsigned not null default 0,
    website_id smallint unsigned not null default 0,
    unique (product_id, stock_id),
    primary key (item_id),
    key (stock_id),
    foreign key (stock_id) references cataloginventory_stock (stock_id)
        on delete cascade,
    foreign key (product_id) references catalog_product_entity (entity_id)
        on delete cascade
);

create table sales_order (
    entity_id int unsigned not null auto_increment,
    state varchar(32) null default null,
    status varchar(32) null default null,
    coupon_code varchar(255) null default null,
    protect_code varchar(255) null default null,
    shipping_description varchar(255) null default null,
    is_virtual smallint unsigned null default null,
    store_id smallint unsigned null default null,
    customer_id int unsigned null default null,
    base_discount_amount decimal(20,4) null default null,
    base_discount_canceled decimal(20,4) null default null,
    base_discount_invoiced decimal(20,4) null default null,
    base_discount_refunded decimal(20,4) null default null,
    base_grand_total decimal(20,4) null default null,
    base_shipping_amount decimal(20,4) null default null,
    base_shipping_canceled decimal(20,4) null default null,
    base_shipping_invoiced decimal(20,4) null default null,
    base_shipping_refunded decimal(20,4) null default null,
    base_shipping_tax_amount decimal(20,4) null default null,
    base_shipping_tax_refunded decimal(20,4) null default null,
    base_subtotal decimal(20,4) null default null,
    base_subtotal_canceled decimal(20,4) null default null,
    base_subtotal_invoiced decimal(20,4) null default null,
    base_subtotal_refunded decimal(20,4) null default null,
    base_tax_amount decimal(20,4) null default null,
    base_tax_canceled decimal(20,4) null default null,
    base_tax_invoiced decimal(20,4) null default null,
    base_tax_refunded decimal(20,4) null default null,
    base_to_global_rate decimal(20,4) null default null,
    base_to_order_rate decimal(20,4) null default null,
    base_total_canceled decimal(20,4) null default null,
    base_total_invoiced decimal(20,4) null default null,
    base_total_invoiced_cost decimal(20,4) null default null,
    base_total_offline_refunded decimal(20,4) null default null,
    base_total_online_refunded decimal(20,4) null default null,
    base_total_paid decimal(20,4) null default null,
    base_total_qty_ordered decimal(12,4) null default null,
    base_total_refunded decimal(20,4) null default null,
    discount_amount decimal(20,4) null default null,
    discount_canceled decimal(20,4) null default null,
    discount_invoiced decimal(20,4) null default null,
    discount_refunded decimal(20,4) null default null,
    grand_total decimal(20,4) null default null,
    shipping_amount decimal(20,4) null default null,
    shipping_canceled decimal(20,4) null default null,
    shipping_invoiced decimal(20,4) null default null,
    shipping_refunded decimal(20,4) null default null,
    shipping_tax_amount decimal(20,4) null default null,
    shipping_tax_refunded decimal(20,4) null default null,
    store_to_base_rate decimal(12,4) null default null,
    store_to_order_rate decimal(12,4) null default null,
    subtotal decimal(20,4) null default null,
    subtotal_canceled decimal(20,4) null default null,
    subtotal_invoiced decimal(20,4) null default null,
    subtotal_refunded decimal(20,4) null default null,
    tax_amount decimal(20,4) null default null,
    tax_canceled decimal(20,4) null default null,
    tax_invoiced decimal(20,4) null default null,
    tax_refunded decimal(20,4) null default null,
    total_canceled decimal(20,4) null default null,
    total_invoiced decimal(20,4) null default null,
    total_offline_refunded decimal(20,4) null default null,
    total_online_refunded decimal(20,4) null default null,
    total_paid decimal(20,4) null default null,
    total_qty_ordered decimal(12,4) null default null,
    total_refunded decimal(20,4) null default null,
    can_ship_partially smallint unsigned null default null,
    can_ship_partially_item smallint unsigned null default null,
    customer_is_guest smallint unsigned null default null,
    customer_note_notify smallint unsigned null default null,
    billing_address_id int null default null,
    customer_group_id int null default null,
    edit_increment int null default null,
    email_sent smallint null default null,
    send_email smallint unsigned null default null,
    forced_shipment_with_invoice smallint unsigned null default null,
    payment_auth_expiration int null default null,
    quote_address_id int null default null,
    quote_id int null default null,
    shipping_address_id int null default null,
    adjustment_negative decimal(20,4) null default null,
    adjustment_positive decimal(20,4) null default null,
    base_adjustment_negative decimal(20,4) null default null,
    base_adjustment_positive decimal(20,4) null default null,
    base_shipping_discount_amount decimal(20,4) null default null,
    base_subtotal_incl_tax decimal(20,4) null default null,
    base_total_due decimal(20,4) null default null,
    payment_authorization_amount decimal(20,4) null default null,
    shipping_discount_amount decimal(20,4) null default null,
    subtotal_incl_tax decimal(20,4) null default null,
    total_due decimal(20,4) null default null,
    weight decimal(12,4) null default null,
    customer_dob datetime null default null,
    increment_id varchar(50) null default null,
    applied_rule_ids varchar(128) null default null,
    base_currency_code varchar(3) null default null,
    customer_email varchar(128) null default null,
    customer_firstname varchar(128) null default null,
    customer_lastname varchar(128) null default null,
    customer_middlename varchar(128) null default null,
    customer_prefix varchar(32) null default null,
    customer_suffix varchar(32) null default null,
    customer_taxvat varchar(32) null default null,
    discount_description varchar(255) null default null,
    ext_customer_id varchar(32) null default null,
    ext_order_id varchar(32) null default null,
    global_currency_code varchar(3) null default null,
    hold_before_state varchar(32) null default null,
    hold_before_status varchar(32) null default null,
    order_currency_code varchar(3) null default null,
    original_increment_id varchar(50) null default null,
    relation_child_id varchar(32) null default null,
    relation_child_real_id varchar(32) null default null,
    relation_parent_id varchar(32) null default null,
    relation_parent_real_id varchar(32) null default null,
    remote_ip varchar(45) null default null,
    shipping_method varchar(120) null default null,
    store_currency_code varchar(3) null default null,
    store_name varchar(255) null default null,
    x_forwarded_for varchar(255) null default null,
    customer_note text null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    total_item_count smallint unsigned not null default 0,
    customer_gender int null default null,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    shipping_discount_tax_compensation_amount decimal(20,4) null default null,
    base_shipping_discount_tax_compensation_amnt decimal(20,4) null default null,
    discount_tax_compensation_invoiced decimal(20,4) null default null,
    base_discount_tax_compensation_invoiced decimal(20,4) null default null,
    discount_tax_compensation_refunded decimal(20,4) null default null,
    base_discount_tax_compensation_refunded decimal(20,4) null default null,
    shipping_incl_tax decimal(20,4) null default null,
    base_shipping_incl_tax decimal(20,4) null default null,
    coupon_rule_name varchar(255) null default null,
    gift_message_id int null default null,
    paypal_ipn_customer_notified int null default 0,
    primary key (entity_id),
    unique (increment_id, store_id),
    key (created_at),
    key (customer_id),
    key (store_id),
    key (store_id, state, created_at),
    key (updated_at),
    foreign key (customer_id) references customer_entity (entity_id)
        on delete set null,
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table sales_order_item (
    item_id int unsigned not null auto_increment,
    order_id int unsigned not null default 0,
    parent_item_id int unsigned null default null,
    quote_item_id int unsigned null default null,
    store_id smallint unsigned null default null,
    created_at timestamp not null default current_timestamp,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    product_id int unsigned null default null,
    product_type varchar(255) null default null,
    product_options longtext null default null,
    weight decimal(12,4) null default 0.0000,
    is_virtual smallint unsigned null default null,
    sku varchar(255) null default null,
    name varchar(255) null default null,
    description text null default null,
    applied_rule_ids text null default null,
    additional_data text null default null,
    is_qty_decimal smallint unsigned null default null,
    no_discount smallint unsigned not null default 0,
    qty_backordered decimal(12,4) null default 0.0000,
    qty_canceled decimal(12,4) null default 0.0000,
    qty_invoiced decimal(12,4) null default 0.0000,
    qty_ordered decimal(12,4) null default 0.0000,
    qty_refunded decimal(12,4) null default 0.0000,
    qty_shipped decimal(12,4) null default 0.0000,
    base_cost decimal(12,4) null default 0.0000,
    price decimal(20,4) not null default 0.0000,
    base_price decimal(20,4) not null default 0.0000,
    original_price decimal(20,4) null default null,
    base_original_price decimal(20,4) null default null,
    tax_percent decimal(12,4) null default 0.0000,
    tax_amount decimal(20,4) null default 0.0000,
    base_tax_amount decimal(20,4) null default 0.0000,
    tax_invoiced decimal(20,4) null default 0.0000,
    base_tax_invoiced decimal(20,4) null default 0.0000,
    discount_percent decimal(12,4) null default 0.0000,
    discount_amount decimal(20,4) null default 0.0000,
    base_discount_amount decimal(20,4) null default 0.0000,
    discount_invoiced decimal(20,4) null default 0.0000,
    base_discount_invoiced decimal(20,4) null default 0.0000,
    amount_refunded decimal(20,4) null default 0.0000,
    base_amount_refunded decimal(20,4) null default 0.0000,
    row_total decimal(20,4) not null default 0.0000,
    base_row_total decimal(20,4) not null default 0.0000,
    row_invoiced decimal(20,4) not null default 0.0000,
    base_row_invoiced decimal(20,4) not null default 0.0000,
    row_weight decimal(12,4) null default 0.0000,
    base_tax_before_discount decimal(20,4) null default null,
    tax_before_discount decimal(20,4) null default null,
    ext_order_item_id varchar(255) null default null,
    locked_do_invoice smallint unsigned null default null,
    locked_do_ship smallint unsigned null default null,
    price_incl_tax decimal(20,4) null default null,
    base_price_incl_tax decimal(20,4) null default null,
    row_total_incl_tax decimal(20,4) null default null,
    base_row_total_incl_tax decimal(20,4) null default null,
    discount_tax_compensation_amount decimal(20,4) null default null,
    base_discount_tax_compensation_amount decimal(20,4) null default null,
    discount_tax_compensation_invoiced decimal(20,4) null default null,
    base_discount_tax_compensation_invoiced decimal(20,4) null default null,
    discount_tax_compensation_refunded decimal(20,4) null default null,
    base_discount_tax_compensation_refunded decimal(20,4) null default null,
    tax_canceled decimal(12,4) null default null,
    discount_tax_compensation_canceled decimal(20,4) null default null,
    tax_refunded decimal(20,4) null default null,
    base_tax_refunded decimal(20,4) null default null,
    discount_refunded decimal(20,4) null default null,
    base_discount_refunded decimal(20,4) null default null,
    gift_message_id int null default null,
    gift_message_available int null default null,
    free_shipping smallint unsigned not null default 0,
    weee_tax_applied text null default null,
    weee_tax_applied_amount decimal(12,4) null default null,
    weee_tax_applied_row_amount decimal(12,4) null default null,
    weee_tax_disposition decimal(12,4) null default null,
    weee_tax_row_disposition decimal(12,4) null default null,
    base_weee_tax_applied_amount decimal(12,4) null default null,
    base_weee_tax_applied_row_amnt decimal(12,4) null default null,
    base_weee_tax_disposition decimal(12,4) null default null,
    base_weee_tax_row_disposition decimal(12,4) null default null,
    primary key (item_id),
    key (order_id),
    key (store_id),
    foreign key (order_id) references sales_order (entity_id)
        on delete cascade,
    foreign key (store_id) references store (store_id)
        on delete set null
);

create table sales_order_address (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned null default null,
    customer_address_id int null default null,
    quote_address_id int null default null,
    region_id int null default null,
    customer_id int null default null,
    fax varchar(255) null default null,
    region varchar(255) null default null,
    postcode varchar(255) null default null,
    lastname varchar(255) null default null,
    street varchar(255) null default null,
    city varchar(255) null default null,
    email varchar(255) null default null,
    telephone varchar(255) null default null,
    country_id varchar(2) null default null,
    firstname varchar(255) null default null,
    address_type varchar(255) null default null,
    prefix varchar(255) null default null,
    middlename varchar(255) null default null,
    suffix varchar(255) null default null,
    company varchar(255) null default null,
    vat_id text null default null,
    vat_is_valid smallint null default null,
    vat_request_id text null default null,
    vat_request_date text null default null,
    vat_request_success smallint null default null,
    primary key (entity_id),
    key (parent_id),
    foreign key (parent_id) references sales_order (entity_id)
        on delete cascade
);

create table sales_order_payment (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    base_shipping_captured decimal(20,4) null default null,
    shipping_captured decimal(20,4) null default null,
    amount_refunded decimal(20,4) null default null,
    base_amount_paid decimal(20,4) null default null,
    amount_canceled decimal(20,4) null default null,
    base_amount_authorized decimal(20,4) null default null,
    base_amount_paid_online decimal(20,4) null default null,
    base_amount_refunded_online decimal(20,4) null default null,
    base_shipping_amount decimal(20,4) null default null,
    shipping_amount decimal(20,4) null default null,
    amount_paid decimal(20,4) null default null,
    amount_authorized decimal(20,4) null default null,
    base_amount_ordered decimal(20,4) null default null,
    base_shipping_refunded decimal(20,4) null default null,
    shipping_refunded decimal(20,4) null default null,
    base_amount_refunded decimal(20,4) null default null,
    amount_ordered decimal(20,4) null default null,
    base_amount_canceled decimal(20,4) null default null,
    quote_payment_id int null default null,
    additional_data text null default null,
    cc_exp_month varchar(12) null default null,
    cc_ss_start_year varchar(12) null default null,
    echeck_bank_name varchar(128) null default null,
    method varchar(128) null default null,
    cc_debug_request_body varchar(32) null default null,
    cc_secure_verify varchar(32) null default null,
    protection_eligibility varchar(32) null default null,
    cc_approval varchar(32) null default null,
    cc_last_4 varchar(100) null default null,
    cc_status_description varchar(32) null default null,
    echeck_type varchar(32) null default null,
    cc_debug_response_serialized varchar(32) null default null,
    cc_ss_start_month varchar(128) null default null,
    echeck_account_type varchar(255) null default null,
    last_trans_id varchar(255) null default null,
    cc_cid_status varchar(32) null default null,
    cc_owner varchar(128) null default null,
    cc_type varchar(32) null default null,
    po_number varchar(32) null default null,
    cc_exp_year varchar(4) null default null,
    cc_status varchar(4) null default null,
    echeck_routing_number varchar(32) null default null,
    account_status varchar(32) null default null,
    anet_trans_method varchar(32) null default null,
    cc_debug_response_body varchar(32) null default null,
    cc_ss_issue varchar(32) null default null,
    echeck_account_name varchar(32) null default null,
    cc_avs_status varchar(32) null default null,
    cc_number_enc varchar(128) null default null,
    cc_trans_id varchar(32) null default null,
    address_status varchar(32) null default null,
    additional_information text null default null,
    primary key (entity_id),
    key (parent_id),
    foreign key (parent_id) references sales_order (entity_id)
        on delete cascade
);

create table sales_order_status_history (
    entity_id int unsigned not null auto_increment,
    parent_id int unsigned not null,
    is_customer_notified int null default null,
    is_visible_on_front smallint unsigned not null default 0,
    comment text null default null,
    status varchar(32) null default null,
    created_at timestamp not null default current_timestamp,
    entity_name varchar(32) null default null,
    primary key (entity_id),
    key (created_at),
    key (parent_id),
    foreign key (parent_id) references sales_order (entity_id)
        on delete cascade
);

create table sequence_order_1 (
    sequence_value int unsigned not null auto_increment,
    primary key (sequence_value)
);

create table customer_grid_flat (
    entity_id int unsigned not null,
    name text null default null,
    email varchar(255) null default null,
    group_id int null default null,
    created_at timestamp null default null,
    website_id int null default null,
    confirmation varchar(255) null default null,
    created_in text null default null,
    dob date null default null,
    gender int null default null,
    taxvat varchar(255) null default null,
    lock_expires timestamp null default null,
    shipping_full text null default null,
    billing_full text null default null,
    billing_firstname varchar(255) null default null,
    billing_lastname varchar(255) null default null,
    billing_telephone varchar(255) null default null,
    billing_postcode varchar(255) null default null,
    billing_country_id varchar(255) null default null,
    billing_region varchar(255) null default null,
    billing_region_id int null default null,
    billing_street varchar(255) null default null,
    billing_city varchar(255) null default null,
    billing_fax varchar(255) null default null,
    billing_vat_id varchar(255) null default null,
    billing_company varchar(255) null default null,
    primary key (entity_id),
    key (created_at)
);

set foreign_key_checks = 1;
